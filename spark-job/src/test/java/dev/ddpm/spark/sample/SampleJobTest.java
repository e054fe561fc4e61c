package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.config.SamplingConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sampling as a user runs it, from a stored model in micro-batches of 4. */
class SampleJobTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final Path MODEL = Path.of("src/test/resources/model-v1").toAbsolutePath();
  private static final int COUNT = 11;

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path samples;

  @BeforeAll
  static void sampleOnce() {
    samples = shared.resolve("samples");
    sample(SPARK.session(), MODEL, samples, COUNT);
  }

  private static SamplingConfig sampling(String... assignments) {
    return TinyExperiment.with(assignments).experiment().sampling();
  }

  private static SampleJob.Result sample(
      SparkSession spark, Path model, Path output, long count, String... assignments) {
    var request =
        new SampleJob.Request(model.toString(), output.toString(), count, sampling(assignments));
    return new SampleJob(spark, new PrintWriter(new StringWriter(), true)).run(request);
  }

  private static List<Row> rows(Path output) {
    return SPARK
        .session()
        .read()
        .parquet(output.resolve("images").toString())
        .orderBy("sample_index")
        .collectAsList();
  }

  /** The PNG files in the order of their indices; buffers are compared by their content. */
  private static List<ByteBuffer> images(Path output) {
    return rows(output).stream().map(row -> ByteBuffer.wrap(row.getAs("image"))).toList();
  }

  private List<ByteBuffer> imagesOf(long count, String... assignments) {
    Path output = folder.resolve("samples");
    sample(SPARK.session(), MODEL, output, count, assignments);
    return images(output);
  }

  @Test
  void theTableHasItsDocumentedColumns() {
    List<String> columns =
        Arrays.stream(
                SPARK
                    .session()
                    .read()
                    .parquet(samples.resolve("images").toString())
                    .schema()
                    .fields())
            .map(SampleJobTest::nameAndType)
            .toList();

    assertThat(columns)
        .containsExactly(
            "sample_index bigint",
            "seed bigint",
            "image binary",
            "height int",
            "width int",
            "channels int",
            "sampler string",
            "steps int",
            "model_hash string");
  }

  private static String nameAndType(StructField field) {
    return field.name() + " " + field.dataType().simpleString();
  }

  @Test
  void everyIndexIsARowThatSaysWhereItsImageComesFrom() {
    List<Row> rows = rows(samples);

    assertThat(rows)
        .extracting(row -> row.<Long>getAs("sample_index"))
        .containsExactlyElementsOf(LongStream.range(0, COUNT).boxed().toList());
    assertThat(rows)
        .allSatisfy(
            row -> {
              assertThat(row.<Long>getAs("seed")).isEqualTo(11);
              assertThat(row.<String>getAs("sampler")).isEqualTo("ddpm");
              assertThat(row.<Integer>getAs("steps")).isEqualTo(5);
              assertThat(row.<String>getAs("model_hash")).matches("[0-9a-f]{64}");
            });
    assertThat(rows).extracting(row -> row.<String>getAs("model_hash")).containsOnly(hash(rows));
  }

  private static String hash(List<Row> rows) {
    return rows.get(0).getAs("model_hash");
  }

  @Test
  void imagesArePngFilesOfTheModelsShapeAndDiffer() {
    assertThat(rows(samples))
        .allSatisfy(
            row -> {
              RawImage image = ImageCodec.decode(row.getAs("image"), "sample");
              assertThat(image.height())
                  .isEqualTo(row.<Integer>getAs("height"))
                  .isEqualTo(TinyExperiment.HEIGHT);
              assertThat(image.width())
                  .isEqualTo(row.<Integer>getAs("width"))
                  .isEqualTo(TinyExperiment.WIDTH);
              assertThat(image.channels()).isEqualTo(row.<Integer>getAs("channels")).isEqualTo(1);
            });
    assertThat(new HashSet<>(images(samples))).hasSize(COUNT);
  }

  @Test
  void theContactSheetShowsAllImagesInTheirOrder() throws IOException {
    List<RawImage> images =
        rows(samples).stream().map(row -> ImageCodec.decode(row.getAs("image"), "sample")).toList();
    RawImage sheet = ContactSheet.of(COUNT, TinyExperiment.HEIGHT).compose(images);

    assertThat(Files.readAllBytes(samples.resolve("contact-sheet.png")))
        .isEqualTo(ImageCodec.encodePng(sheet));
  }

  @Test
  void slotsDoNotChangeTheImages() {
    Path output = folder.resolve("samples");
    sample(SPARK.session("local[1]", Map.of()), MODEL, output, COUNT);

    assertThat(images(output)).isEqualTo(images(samples));
  }

  @Test
  void theSameCommandGivesTheSameImages() {
    assertThat(imagesOf(COUNT)).isEqualTo(images(samples));
  }

  @Test
  void fewerImagesAreTheFirstOnesOfMore() {
    assertThat(imagesOf(5)).isEqualTo(images(samples).subList(0, 5));
  }

  @Test
  void anotherSeedGivesOtherImages() {
    assertThat(imagesOf(COUNT, "sampling.seed=12")).doesNotContainAnyElementsOf(images(samples));
  }

  @Test
  void lastAndAveragedWeightsAreDifferentModels() {
    Path output = folder.resolve("samples");
    sample(SPARK.session(), MODEL, output, 1, "sampling.weights=raw");

    assertThat(hash(rows(output))).isNotEqualTo(hash(rows(samples)));
    assertThat(images(output)).doesNotContain(images(samples).get(0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ddpm", "ddim", "dpm-solver++", "unipc", "euler", "heun"})
  void everySamplerRuns(String sampler) {
    Path output = folder.resolve("samples");
    sample(SPARK.session(), MODEL, output, 3, "sampling.sampler=" + sampler);

    assertThat(rows(output))
        .hasSize(3)
        .allSatisfy(row -> assertThat(row.<String>getAs("sampler")).isEqualTo(sampler));
    assertThat(new HashSet<>(images(output))).hasSize(3);
    if (!sampler.equals("ddpm")) {
      assertThat(images(output)).doesNotContainAnyElementsOf(images(samples));
    }
  }

  @Test
  void aRunFolderStandsForTheModelInIt() throws IOException {
    copyOfModel(folder.resolve("run/model"));
    Path output = folder.resolve("samples");
    sample(SPARK.session(), folder.resolve("run"), output, 1);

    assertThat(images(output)).isEqualTo(images(samples).subList(0, 1));
  }

  @Test
  void aFolderOfSomethingElseIsNotWrittenTo() throws IOException {
    Files.writeString(folder.resolve("thesis.txt"), "precious");

    assertRefused(
        DdpmException.Category.USER,
        () -> sample(SPARK.session(), MODEL, folder, 1),
        "--output = " + folder);
    assertThat(folder.toFile().list()).containsExactly("thesis.txt");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -3})
  void aCountBelowOneIsRefused(long count) {
    assertRefused(
        DdpmException.Category.USER,
        () -> imagesOf(count),
        "--count = " + count + ": must be at least 1.");
  }

  @Test
  void moreStepsThanTheModelHasAreRefused() {
    assertRefused(
        DdpmException.Category.USER,
        () -> imagesOf(1, "diffusion.timesteps=1000", "sampling.steps=51"),
        "sampling.steps = 51: must be at most 50, the timesteps of the model.");
  }

  @Test
  void aMicroBatchThatDoesNotFitInMemoryIsRefusedBeforeAnythingIsDrawn() {
    Path output = folder.resolve("samples");
    SparkSession eightTasks = SPARK.session("local[8]", Map.of());

    assertThatThrownBy(() -> sample(eightTasks, MODEL, output, 1, "sampling.micro-batch=32768"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            refused -> assertThat(refused.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessageContaining("outside of the Java heap, but has")
        .hasMessageContaining("or lower sampling.micro-batch or the number of tasks");
    assertThat(output.resolve("images")).doesNotExist();
  }

  /** What can be wrong with a model folder, and what is said about it. */
  enum Defect {
    MISSING("model.json does not exist: this is not a model folder") {
      @Override
      void makeIn(Path model) throws IOException {
        Files.delete(model.resolve("model.json"));
      }
    },
    WITHOUT_WEIGHTS("ema.safetensors does not exist, but") {
      @Override
      void makeIn(Path model) throws IOException {
        Files.delete(model.resolve("ema.safetensors"));
      }
    },
    TRUNCATED("ema.safetensors") {
      @Override
      void makeIn(Path model) throws IOException {
        byte[] weights = Files.readAllBytes(model.resolve("ema.safetensors"));
        Files.write(model.resolve("ema.safetensors"), Arrays.copyOf(weights, weights.length - 100));
      }
    },
    NOT_A_NUMBER("is NaN: weights must be finite") {
      @Override
      void makeIn(Path model) throws IOException {
        byte[] weights = Files.readAllBytes(model.resolve("ema.safetensors"));
        ByteBuffer.wrap(weights)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putFloat(weights.length - 4, Float.NaN);
        Files.write(model.resolve("ema.safetensors"), weights);
      }
    },
    OF_ANOTHER_MODEL("it is damaged or of another model") {
      @Override
      void makeIn(Path model) throws IOException {
        byte[] weights = Files.readAllBytes(model.resolve("weights.safetensors"));
        Files.write(model.resolve("ema.safetensors"), weights);
      }
    },
    OF_THE_FUTURE(
        "was written by a newer version of this program (format 99; this one reads up to 5)") {
      @Override
      void makeIn(Path model) throws IOException {
        Path file = model.resolve("model.json");
        ObjectNode json = (ObjectNode) new JsonMapper().readTree(file.toFile());
        json.put("format_version", 99);
        new JsonMapper().writeValue(file.toFile(), json);
      }
    };

    private final String message;

    Defect(String message) {
      this.message = message;
    }

    abstract void makeIn(Path model) throws IOException;
  }

  @ParameterizedTest
  @EnumSource
  void aModelThatCannotBeUsedIsRefused(Defect defect) throws IOException {
    Path model = folder.resolve("model");
    copyOfModel(model);
    defect.makeIn(model);
    Path output = folder.resolve("samples");

    assertRefused(
        DdpmException.Category.DATA,
        () -> sample(SPARK.session(), model, output, 1),
        model.toString(),
        defect.message);
    assertThat(output).doesNotExist();
  }

  private static void copyOfModel(Path copy) throws IOException {
    Files.createDirectories(copy);
    try (Stream<Path> files = Files.list(MODEL)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
  }

  private static void assertRefused(
      DdpmException.Category category, Runnable sampling, String... message) {
    assertThatThrownBy(sampling::run)
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> {
              assertThat(e.category()).isEqualTo(category);
              assertThat(e.getMessage().lines()).hasSize(1);
            })
        .hasMessageContainingAll(message);
  }
}
