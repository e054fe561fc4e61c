package dev.ddpm.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.groups.Tuple.tuple;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.classifier.ClassifierSpec;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureClasses;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.evaluation.extractor.PixelsSpec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.dataset.TableDescription;
import dev.ddpm.spark.sample.SampleJob;
import dev.ddpm.spark.sample.TinyModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Images of which the classifier says the class by the first of their numbers. */
class AgreementTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();

  /** The class of a vector is its first number. */
  private record Told(List<String> names) implements ExtractorSpec {
    @Override
    public TreeMap<String, String> settings() {
      return new VectorImages.Spec().settings();
    }

    @Override
    public FeatureExtractor open(ImageShape images) {
      return new VectorImages.Spec().open(images);
    }

    @Override
    public Optional<FeatureClasses> classes() {
      List<String> known = names;
      return Optional.of(
          new FeatureClasses() {
            @Override
            public int count() {
              return 3;
            }

            @Override
            public List<String> names() {
              return known;
            }

            @Override
            public int classOf(float[] features) {
              return Math.round(features[0]);
            }
          });
    }
  }

  private static final Told NAMED = new Told(List.of("bag", "boot", "coat"));

  /**
   * Writes a table.
   *
   * @param images for each the class that it looks like and its label, null for none
   */
  private Path write(String name, List<String> names, Integer[]... images) {
    float[] vectors = new float[16 * images.length];
    List<Row> labels = new ArrayList<>();
    for (int i = 0; i < images.length; i++) {
      vectors[16 * i] = images[i][0];
      labels.add(RowFactory.create((long) i, images[i][1]));
    }
    Path path = folder.resolve(name);
    var columns =
        DataTypes.createStructType(
            List.of(
                DataTypes.createStructField("id", DataTypes.LongType, false),
                DataTypes.createStructField("label", DataTypes.IntegerType, true)));
    RawTable.of(SPARK.session(), 8, 8, VectorImages.of(vectors))
        .drop("label")
        .join(SPARK.session().createDataFrame(labels, columns), "id")
        .repartition(2)
        .write()
        .parquet(path.toString());
    new TableDescription(images.length, 8, 8, 1, names, "test", "none", 0, "test", null)
        .write(
            new org.apache.hadoop.fs.Path(path.toString()),
            SPARK.session().sparkContext().hadoopConfiguration());
    return path;
  }

  private static Integer[] image(int looksLike, Integer label) {
    return new Integer[] {looksLike, label};
  }

  private EvaluateJob.Result run(
      Path data, EvaluateJob.Samples samples, ExtractorSpec extractor, Optional<Path> model) {
    return run(data, samples, extractor, model, MetricChoice.AGREEMENT);
  }

  private EvaluateJob.Result run(
      Path data,
      EvaluateJob.Samples samples,
      ExtractorSpec extractor,
      Optional<Path> model,
      MetricChoice... metrics) {
    Asked asked =
        new Asked(data, folder.resolve("out"))
            .metrics(Set.of(metrics))
            .samples(samples)
            .extractor(extractor)
            .cache(folder.resolve("cache"));
    model.ifPresent(asked::model);
    return new EvaluateJob(SPARK.session(), new PrintWriter(out, true)).run(asked.request());
  }

  private EvaluateJob.Result run(Path data, Path samples, ExtractorSpec extractor) {
    return run(data, samples::toString, extractor, Optional.empty());
  }

  private List<Row> table(String name) {
    return SPARK
        .session()
        .read()
        .parquet(folder.resolve("out").resolve(name).toString())
        .orderBy("label")
        .collectAsList();
  }

  /** The samples number their classes in another way than the classifier. */
  @Test
  void theShareOfSamplesThatLookLikeTheirClass() {
    Path real =
        write("real", List.of("bag", "boot", "coat"), image(0, 0), image(2, 1), image(2, null));
    Path samples =
        write(
            "samples",
            List.of("coat", "bag"),
            image(2, 0),
            image(2, 0),
            image(1, 0),
            image(0, 1),
            image(0, null),
            image(1, 1));

    EvaluateJob.Result result = run(real, samples, NAMED);

    assertThat(result.summary())
        .containsEntry("agreement", 0.6)
        .containsEntry("agreement_images", 5);
    // The square root of p (1 − p) / (n − 1).
    assertThat((Double) result.summary().get("agreement_standard_error"))
        .isCloseTo(Math.sqrt(0.6 * 0.4 / 4), within(1e-12));
    assertThat(result.summary()).containsEntry("agreement_of_real", 0.5);
    assertThat(result.lines())
        .containsExactly(
            "Agreement 0.6000 (standard error 0.2449 from 5 images of 2 classes); least of class"
                + " bag: 0.5000 of 2; of the images of the table 0.5000"
                + System.lineSeparator()
                + "1 samples have no label and do not count");
    assertThat(table("agreement-classes.parquet"))
        .extracting(row -> row.getInt(0), row -> row.getLong(1), row -> row.getDouble(2))
        .containsExactly(tuple(0, 2L, 0.5), tuple(2, 3L, 2 / 3.0));
    assertThat(table("agreement.parquet"))
        .extracting(row -> row.getLong(0) + " " + row.getInt(1) + row.getInt(2) + row.getInt(3))
        .containsExactlyInAnyOrder("0 221", "1 221", "2 210", "3 001", "5 010");
  }

  /** Where one of the two tells no names, classes are the same by their numbers. */
  @Test
  void classesWithoutNamesAreNumbers() {
    Path real = write("real", List.of(), image(0, 7), image(1, 1));
    Path samples = write("samples", List.of("x", "y", "z"), image(0, 0), image(1, 2));

    EvaluateJob.Result result = run(real, samples, new Told(List.of()));

    assertThat(result.summary())
        .containsEntry("agreement", 0.5)
        // The table has a label that the classifier does not know.
        .doesNotContainKey("agreement_of_real");
    assertThat(result.lines().get(0)).contains("least of class z: 0.0000 of 1");
  }

  @Test
  void whatHasNoAgreementIsSaid() {
    Path real = write("real", List.of(), image(0, 0), image(1, 1));
    assertThatThrownBy(() -> run(real, real, new PixelsSpec()))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--extractor: agreement needs one that tells classes, fashion-mnist or"
                + " classifier:FOLDER; pixels-1 only describes images.");
    Path unlabelled = write("unlabelled", List.of(), image(0, null), image(1, null));
    assertThatThrownBy(() -> run(real, unlabelled, NAMED))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--samples = %s: agreement is of the classes that were asked for, and no image there"
                + " has a label.",
            unlabelled);
    Path others = write("others", List.of("bag", "shoe"), image(0, 0), image(1, 1));
    assertThatThrownBy(() -> run(real, others, NAMED))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--extractor: is a classifier of other classes: %s has the class 'shoe', and the"
                + " classifier knows bag, boot, coat.",
            others);
    assertThatThrownBy(() -> run(real, others, new Told(List.of())))
        .isInstanceOf(DdpmException.class)
        .hasMessageEndingWith("others has 2 classes, and not 3.");
    Path beyond = write("beyond", List.of(), image(0, 0), image(1, 3));
    assertThatThrownBy(() -> run(real, beyond, NAMED))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--extractor: is a classifier of the classes 0 to 2, and an image has the label 3.");
  }

  /** Before an image is drawn. */
  @Test
  void aModelThatKnowsNoClassesIsRefusedAtOnce() {
    Path real = write("real", List.of(), image(0, 0), image(1, 1));
    Path model = TinyModel.write(folder.resolve("model"), 5);
    var drawn =
        new EvaluateJob.Samples() {
          @Override
          public String folder() {
            throw new AssertionError("Images are drawn.");
          }

          @Override
          public boolean areDrawn() {
            return true;
          }
        };

    assertThatThrownBy(() -> run(real, drawn, NAMED, Optional.of(model)))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--metrics = agreement: the model %s knows no classes, so that none can be asked for.",
            model);
  }

  /** What was computed before the failure would be in the way of the same command. */
  @Test
  void nothingIsLeftOfAnEvaluationThatFails() {
    Path real = write("real", List.of(), image(0, 0), image(1, 1));
    Path unlabelled = write("unlabelled", List.of(), image(0, null), image(1, null));

    assertThatThrownBy(
            () ->
                run(
                    real,
                    unlabelled::toString,
                    NAMED,
                    Optional.empty(),
                    MetricChoice.FRECHET,
                    MetricChoice.AGREEMENT))
        .hasMessageContaining("no image there has a label");

    assertThat(folder.resolve("out")).doesNotExist();
    assertThat(run(real, real, NAMED).summary()).containsEntry("agreement", 1.0);
  }

  @Test
  void imagesThatNoClassHasLedAreRefused() {
    Path model = TinyModel.write(folder.resolve("model"), 5, List.of("bag", "trouser"));
    Path real = write("real", List.of(), image(0, 0), image(1, 1));
    Path led = draw(model, "led");
    Path unled = draw(model, "unled", "sampling.guidance=0");

    assertThatThrownBy(() -> run(real, unled, ClassifierSpec.fashionMnist()))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--samples = %s: with sampling.guidance = 0 no class leads the images, and there is"
                + " none for agreement to find again.",
            unled);
    assertThat(run(real, led, ClassifierSpec.fashionMnist()).summary())
        .containsEntry("agreement_images", 4);
  }

  private Path draw(Path model, String name, String... settings) {
    Path samples = folder.resolve(name);
    new SampleJob(SPARK.session(), new PrintWriter(out))
        .run(
            new SampleJob.Request(
                model.toString(), samples.toString(), 4, TinyModel.sampling(settings)));
    return samples;
  }
}
