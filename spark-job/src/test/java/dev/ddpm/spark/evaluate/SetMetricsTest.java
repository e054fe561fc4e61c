package dev.ddpm.spark.evaluate;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.rand;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.KernelDistance;
import dev.ddpm.evaluation.extractor.PixelsSpec;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.dataset.TableDescription;
import dev.ddpm.spark.sample.SampleJob;
import dev.ddpm.spark.sample.TinyModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Distances between sets of images, with vectors whose distances are known in their place. */
class SetMetricsTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();
  private static final Set<MetricChoice> METRICS =
      Set.of(
          MetricChoice.FRECHET,
          MetricChoice.KID,
          MetricChoice.PRECISION,
          MetricChoice.RECALL,
          MetricChoice.DENSITY,
          MetricChoice.COVERAGE);

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Map<String, float[]> golden;
  private static Path real;
  private static Path generated;
  private final StringWriter out = new StringWriter();

  @BeforeAll
  static void prepare() throws IOException {
    golden = VectorImages.golden();
    real = write("real", golden.get("real"), 1);
    generated = write("generated", golden.get("generated"), 1);
  }

  private static Path write(String name, float[] vectors, int files) {
    Path path = shared.resolve(name);
    RawTable.of(SPARK.session(), 8, 8, VectorImages.of(vectors))
        .withColumn("label", col("id").mod(3).cast("int"))
        .orderBy(rand(files))
        .repartition(files)
        .write()
        .parquet(path.toString());
    return path;
  }

  private Asked asked(Path data, Path samples, String output) {
    return new Asked(data, folder.resolve(output))
        .metrics(METRICS)
        .samples(samples)
        .cache(folder.resolve("cache"));
  }

  private EvaluateJob.Result run(Path data, Path samples, String output) {
    return run(asked(data, samples, output));
  }

  private EvaluateJob.Result run(Asked asked) {
    return new EvaluateJob(SPARK.session(), new PrintWriter(out, true)).run(asked.request());
  }

  private static double figure(EvaluateJob.Result result, String name) {
    return ((Number) result.summary().get(name)).doubleValue();
  }

  /** What no path has a part in. */
  private static Map<String, Object> figures(EvaluateJob.Result result) {
    Map<String, Object> figures = new TreeMap<>(result.summary());
    figures.keySet().removeAll(Set.of("data", "samples", "data_fingerprint"));
    return figures;
  }

  private List<Path> cached() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("cache"))) {
      return files.filter(file -> file.toString().endsWith(".parquet")).sorted().toList();
    }
  }

  @Test
  void figuresAreThoseOfAnIndependentImplementation() throws IOException {
    EvaluateJob.Result result = run(real, generated, "out");

    double frechet = golden.get("frechet")[0];
    double kid = golden.get("kid")[0];
    assertThat(figure(result, "frechet")).isCloseTo(frechet, within(1e-5 * frechet));
    assertThat(figure(result, "kid")).isCloseTo(kid, within(1e-6 * kid));
    for (String name : List.of("precision", "recall", "density", "coverage")) {
      double expected = golden.get(name)[0];
      assertThat(figure(result, name)).as(name).isCloseTo(expected, within(1e-6 * expected));
      assertThat(figure(result, name + "_standard_error")).as(name).isBetween(0.01, 0.05);
    }
    assertThat(figure(result, "coverage_real_against_real")).isBetween(0.9, 0.95);
    assertThat(figure(result, "frechet_standard_error")).isBetween(0.1, 5.0);
    assertThat(figure(result, "frechet_real_against_real")).isBetween(0.0, 2.0);
    assertThat(figure(result, "kid_standard_error")).isBetween(0.01, 2.0);
    assertThat(figure(result, "kid_real_against_real")).isBetween(-0.5, 0.5);
    JsonNode json =
        new JsonMapper().readTree(Files.readString(folder.resolve("out/evaluation.json")));
    assertThat(json.path("images").asInt()).isEqualTo(500);
    assertThat(json.path("samples_images").asInt()).isEqualTo(400);
    assertThat(json.path("extractor").path("kind").asText()).isEqualTo("vectors");
    assertThat(json.path("features").asInt()).isEqualTo(16);
  }

  @Test
  void filesAndTheirOrderDoNotMatter() {
    Map<String, Object> once = figures(run(real, generated, "a"));
    Path realAgain = write("real-7", golden.get("real"), 7);
    Path generatedAgain = write("generated-5", golden.get("generated"), 5);

    Map<String, Object> again = figures(run(realAgain, generatedAgain, "b"));

    assertThat(again).isEqualTo(once);
  }

  @Test
  void eachClassHasItsDistance() {
    EvaluateJob.Result result = run(real, generated, "out");

    List<Row> rows =
        SPARK
            .session()
            .read()
            .parquet(folder.resolve("out/frechet.parquet").toString())
            .orderBy("label")
            .collectAsList();
    assertThat(rows).extracting(row -> row.getInt(0)).containsExactly(0, 1, 2);
    assertThat(rows).extracting(row -> row.getLong(1)).containsExactly(167L, 167L, 166L);
    assertThat(rows).extracting(row -> row.getLong(2)).containsExactly(134L, 133L, 133L);
    assertThat(rows).allSatisfy(row -> assertThat(row.getDouble(3)).isBetween(20.0, 40.0));
    assertThat(result.lines().get(0)).contains("3 classes in the table");
    assertThat(result.tables()).anyMatch(table -> table.endsWith("/kid-classes.parquet"));
    List<Row> kid =
        SPARK
            .session()
            .read()
            .parquet(folder.resolve("out/kid-classes.parquet").toString())
            .orderBy("label")
            .collectAsList();
    assertThat(kid).extracting(row -> row.getInt(0)).containsExactly(0, 1, 2);
    for (Row row : kid) {
      FeatureRows ofReal = ofClass(golden.get("real"), row.getInt(0));
      FeatureRows ofGenerated = ofClass(golden.get("generated"), row.getInt(0));
      assertThat(row.getLong(1)).isEqualTo(ofReal.count());
      assertThat(row.getLong(2)).isEqualTo(ofGenerated.count());
      double expected = KernelDistance.between(ofReal, ofGenerated);
      assertThat(row.getDouble(3)).isCloseTo(expected, within(1e-9 * Math.abs(expected)));
    }
    assertThat(folder.resolve("out/report.html"))
        .content()
        .contains("Real images that are covered worst", "<pre>Fréchet distance 22.39")
        .satisfies(page -> assertThat(page.split("<figure>")).hasSize(33));
  }

  /** Where both sides tell names, a class is the one of its name, whatever its number. */
  @Test
  void classesAreTheSameByTheirNames() {
    Path named = folder.resolve("named");
    Path others = folder.resolve("others");
    copy(real, named, col("label"), List.of("bag", "boot", "coat"));
    copy(generated, others, lit(2).minus(col("label")), List.of("coat", "boot", "bag"));
    run(asked(real, generated, "numbered").metrics(Set.of(MetricChoice.FRECHET)));
    run(asked(named, others, "by-name").metrics(Set.of(MetricChoice.FRECHET)));

    List<List<Row>> tables =
        Stream.of("numbered", "by-name")
            .map(
                output ->
                    SPARK
                        .session()
                        .read()
                        .parquet(folder.resolve(output + "/frechet.parquet").toString())
                        .orderBy("label")
                        .collectAsList())
            .toList();
    assertThat(tables.get(1)).isEqualTo(tables.get(0));
  }

  private static void copy(Path from, Path to, Column label, List<String> names) {
    Dataset<Row> table = SPARK.session().read().parquet(from.toString());
    long images = table.count();
    table.withColumn("label", label.cast("int")).write().parquet(to.toString());
    new TableDescription(images, 8, 8, 1, names, "test", "none", 0, "test", null)
        .write(
            new org.apache.hadoop.fs.Path(to.toString()),
            SPARK.session().sparkContext().hadoopConfiguration());
  }

  /** The vectors of every third image: those that {@link #write} gives a label. */
  private static FeatureRows ofClass(float[] vectors, int label) {
    int images = (vectors.length / 16 - label + 2) / 3;
    float[] some = new float[images * 16];
    for (int i = 0; i < images; i++) {
      System.arraycopy(vectors, (3 * i + label) * 16, some, i * 16, 16);
    }
    return new FeatureRows(some, images, 16);
  }

  @Test
  void featuresAreComputedOnceAndDamageIsNoticed() throws IOException {
    Map<String, Object> first = figures(run(real, generated, "a"));
    List<Path> files = cached();
    assertThat(files).hasSize(2);
    byte[] intact = Files.readAllBytes(files.get(0));
    byte[] other = Files.readAllBytes(files.get(1));

    run(real, generated, "b");
    assertThat(out.toString())
        .contains("Features of " + real + ": 1 of 1 files are there already.");

    byte[] damaged = intact.clone();
    damaged[100] ^= 1;
    Files.write(files.get(0), damaged);
    Files.delete(files.get(1));
    assertThat(figures(run(real, generated, "c"))).isEqualTo(first);
    assertThat(out.toString()).contains(files.get(0) + " is damaged: its ");
    assertThat(Files.readAllBytes(files.get(0))).isEqualTo(intact);
    assertThat(Files.readAllBytes(files.get(1))).isEqualTo(other);
  }

  /** It may be a folder of others in which nothing can be written. */
  @Test
  void whatIsInACacheIsNotWrittenAnewUnlessItIsDamaged() throws IOException {
    Map<String, Object> first = figures(run(real, generated, "a"));
    Path about = cached().get(0).resolveSibling("features.json");
    Files.setLastModifiedTime(about.getParent(), FileTime.fromMillis(0));
    run(real, generated, "b");
    assertThat(Files.getLastModifiedTime(about.getParent())).isEqualTo(FileTime.fromMillis(0));

    String whole = Files.readString(about);
    Files.writeString(about, whole.substring(0, whole.length() / 2));
    assertThat(figures(run(real, generated, "c"))).isEqualTo(first);
    assertThat(out.toString()).contains(about + " was damaged, and is written anew.");
    assertThat(about).hasContent(whole);
  }

  @Test
  void aSetIsNoDistanceFromItself() {
    EvaluateJob.Result result = run(real, real, "out");

    assertThat(figure(result, "frechet")).isBetween(0.0, 1e-6 * 500);
    assertThat(figure(result, "precision")).isEqualTo(1);
    assertThat(figure(result, "recall")).isEqualTo(1);
    assertThat(figure(result, "coverage")).isEqualTo(1);
  }

  @Test
  void samplesOfAModelAreJudged() {
    Path model = TinyModel.write(folder.resolve("model"), 5);
    Path samples = folder.resolve("samples");
    new SampleJob(SPARK.session(), new PrintWriter(out))
        .run(new SampleJob.Request(model.toString(), samples.toString(), 24, TinyModel.sampling()));

    EvaluateJob.Result result = run(asked(real, samples, "out").extractor(new PixelsSpec()));

    assertThat(result.summary())
        .containsEntry("samples_images", 24L)
        .containsEntry("samples_sampler", "ddim")
        .containsEntry("samples_steps", 5)
        .containsEntry("samples_seed", 3L);
    assertThat(result.summary().get("samples_model_hash").toString()).hasSize(64);
    assertThat(result.summary().get("samples_settings"))
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .containsEntry("sampling.eta", "0.0")
        .containsEntry("sampling.thresholding", "clip");
    assertThat(result.lines().get(0)).contains("warning: the Fréchet distance of ");
  }

  @Test
  void incompleteAndDamagedSamplesAreRefused() throws IOException {
    Path model = TinyModel.write(folder.resolve("model"), 5);
    Path samples = folder.resolve("samples");
    new SampleJob(SPARK.session(), new PrintWriter(out))
        .run(new SampleJob.Request(model.toString(), samples.toString(), 24, TinyModel.sampling()));
    Path file;
    try (Stream<Path> files = Files.list(samples.resolve("images"))) {
      file =
          files.filter(f -> f.toString().endsWith(".parquet")).sorted().findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    byte[] whole = Files.readAllBytes(samples.resolve("manifest.json"));

    assertThatThrownBy(() -> run(real, samples, "a"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("is damaged (its SHA-256 is not the one that it was written with)")
        .hasMessageContaining("the same 'sample' command makes it anew");
    Files.delete(file);
    assertThatThrownBy(() -> run(real, samples, "c"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(": 1 of its 3 files of images are gone: the same 'sample' command");
    Path manifest = samples.resolve("manifest.json");
    Files.writeString(manifest, Files.readString(manifest).substring(0, 90));
    assertThatThrownBy(() -> run(real, samples, "d"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("its manifest.json is damaged");
    Files.write(manifest, whole);
    Files.writeString(
        manifest,
        Files.readString(manifest).replace("\"complete\" : true", "\"complete\" : false"));
    assertThatThrownBy(() -> run(real, samples, "b"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("holds 24 of the images that were asked for, and not all");
  }

  @Test
  void featuresThatAreNoNumbersAreRefused() {
    float[] vectors = golden.get("generated").clone();
    vectors[37] = Float.NaN;
    Path samples = write("nan", vectors, 2);

    assertThatThrownBy(() -> run(real, samples, "out"))
        .hasMessageContaining("--extractor: feature 5 of image 2 is NaN");
  }

  @Test
  void imagesOfAnotherSizeAreRefused() {
    Path wide = shared.resolve("wide");
    RawTable.of(SPARK.session(), 4, 16, VectorImages.of(golden.get("generated")))
        .write()
        .parquet(wide.toString());

    assertThatThrownBy(() -> run(real, wide, "out"))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--samples = %s: has images of 4×16×1, but the table %s has images of 8×8×1.",
            wide, real);
  }

  @Test
  void figuresOfOtherSettingsAreNeverCompared() {
    run(real, generated, "a");
    EvaluateJob.Result same = run(asked(real, generated, "b").count(400).earlier(earlier()));
    assertThat(same.lines())
        .anySatisfy(
            line -> assertThat(line).matches("precision: 0.25\\d* here, 0.25\\d* in .*/a; .*"));

    // From here on nothing is drawn: what differs is told before.
    assertThatThrownBy(() -> run(drawing(real, "c").count(300).earlier(earlier())))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--compare-with = %s: samples_images is 400 there and 300 here; figures of different"
                + " settings are never compared.",
            folder.resolve("a"));
    Asked otherExtractor = drawing(real, "d").count(400).extractor(new PixelsSpec());
    assertThatThrownBy(() -> run(otherExtractor.earlier(earlier())))
        .hasMessageContaining(
            "extractor is {\"kind\":\"vectors\"} there and {\"kind\":\"pixels-1\"} here");
    assertThatThrownBy(() -> run(drawing(generated, "e").count(400).earlier(earlier())))
        .hasMessageContaining("data_fingerprint is ");
    assertThatThrownBy(
            () -> run(drawing(real, "f").count(400).earlier(earlier()).heldOut(generated)))
        .hasMessageContaining("held_out_fingerprint is nothing there and ");
  }

  /** How many samples there are is known only when they are there. */
  @Test
  void anotherNumberOfAllSamplesIsNeverComparedEither() {
    run(real, generated, "a");

    assertThatThrownBy(() -> run(asked(real, real, "b").earlier(earlier())))
        .hasMessageContaining("samples_images is 400 there and 500 here");
  }

  private Path earlier() {
    return folder.resolve("a");
  }

  /** Samples that must not be drawn. */
  private Asked drawing(Path data, String output) {
    return asked(data, generated, output)
        .samples(
            () -> {
              throw new AssertionError("Images are drawn.");
            });
  }

  @Test
  void oneImageIsTooFew() {
    Asked one = asked(real, generated, "out").count(1);

    assertThatThrownBy(() -> run(one))
        .isInstanceOf(DdpmException.class)
        .hasMessage("--samples = %s: has 1 image(s), but frechet needs at least 2.", generated);
  }

  @Test
  void aKernelDistanceOfFewImagesIsSaidToHaveNoError() {
    Asked few = asked(real, generated, "out").metrics(Set.of(MetricChoice.KID)).images(2).count(9);

    assertThat(run(few).lines().get(0))
        .matches(
            "Kernel distance \\(KID\\) -?[0-9.]+ \\(of fewer than 20 images on a side, which are"
                + " too few for a standard error\\)");
  }

  @Test
  void tooFewRealImagesAreToldBeforeAnythingIsDrawn() {
    Path few = write("few", Arrays.copyOf(golden.get("real"), 16), 1);

    assertThatThrownBy(() -> run(drawing(few, "out")))
        .isInstanceOf(DdpmException.class)
        .hasMessage("--data = %s: has 1 image(s), but frechet needs at least 2.", few);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "FRECHET | --metrics = frechet: compares images of a model with those of the table;",
        "KID | --metrics = kid: compares images of a model with those of the table;",
        "BITS_PER_DIM | --metrics = bits-per-dim: is of a model; --model is needed.",
      })
  void whatAMetricNeedsIsSaid(MetricChoice metric, String message) {
    Asked asked = new Asked(real, folder.resolve("out")).metrics(Set.of(metric));

    assertThatThrownBy(() -> run(asked))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(message);
  }
}
