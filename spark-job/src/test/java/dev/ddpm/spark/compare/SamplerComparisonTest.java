package dev.ddpm.spark.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.evaluation.extractor.PixelsSpec;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.sample.TinyModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The tables that are measured, of a model of 100 timesteps. */
class SamplerComparisonTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  /** The cells of a table, without its two lines of head. */
  private List<List<String>> table(Consumer<SamplerComparison> measurement) {
    var text = new StringWriter();
    measurement.accept(comparison(new PrintWriter(text)));
    return text.toString()
        .lines()
        .skip(2)
        .map(line -> Arrays.stream(line.split("\\|", -1)).skip(1).map(String::strip).toList())
        .toList();
  }

  @Test
  void aRowPerSamplerAndNumberOfStepsThatTheModelHas() {
    List<List<String>> rows = table(comparison -> comparison.samplers(2));
    List<String> expected =
        Arrays.stream(SamplerChoice.values())
            .map(sampler -> sampler.describe(TinyModel.sampling()))
            .flatMap(name -> Stream.of(10, 20, 50, 100).map(steps -> name + " " + steps))
            .toList();

    assertThat(rows).extracting(row -> row.get(0) + " " + row.get(1)).isEqualTo(expected);
    // Heun's method asks twice in every step but the last.
    assertThat(rows.stream().filter(row -> row.get(0).equals("heun")).map(row -> row.get(2)))
        .containsExactly("19", "39", "99", "199");
    assertThat(rows.stream().filter(row -> row.get(0).equals("unipc")).map(row -> row.get(2)))
        .containsExactly("10", "20", "50", "100");
    // With all timesteps Euler's method is DDIM, though it would begin with less noise here.
    assertThat(rows.stream().filter(row -> row.get(0).equals("euler")).map(row -> row.get(6)))
        .last()
        .isEqualTo("0.0");
    // A deterministic sampler comes nearer to all its steps the more it takes.
    List<Double> distances =
        rows.stream()
            .filter(row -> row.get(0).startsWith("ddim"))
            .map(row -> Double.parseDouble(row.get(5)))
            .toList();
    assertThat(distances.get(0)).isGreaterThan(distances.get(2));
    assertThat(distances.get(3)).isZero();
  }

  @Test
  void onlyTheSamplersAndStepsThatAreAskedForAreMeasured() {
    List<List<String>> rows =
        table(
            comparison -> {
              comparison.only(Set.of(SamplerChoice.UNIPC, SamplerChoice.DDPM));
              comparison.withSteps(Set.of(100, 25));
              comparison.samplers(2);
            });

    assertThat(rows)
        .extracting(row -> row.get(0) + " " + row.get(1))
        .containsExactly("ddpm, fixed-large 25", "ddpm, fixed-large 100", "unipc 25", "unipc 100");
    assertThat(rows.get(3).get(5)).isEqualTo("0.0");
    assertThat(Double.parseDouble(rows.get(3).get(6))).isPositive();
    assertThatThrownBy(() -> comparison(new PrintWriter(new StringWriter())).withSteps(Set.of(101)))
        .isInstanceOf(DdpmException.class)
        .hasMessage("--steps = 101: must be at most 100, the timesteps of the model.");
  }

  /** Guided, a model is asked as often, about twice the images. */
  @Test
  void aModelOfClassesIsMeasuredUnderGuidance() {
    Path classes = TinyModel.write(folder.resolve("classes"), 5, List.of("a", "b", "c"));
    List<List<String>> rows = new ArrayList<>();
    for (String guidance : List.of("1", "2")) {
      var text = new StringWriter();
      var comparison =
          new SamplerComparison(
              SPARK.context("local[2]"),
              classes.toString(),
              TinyModel.sampling("sampling.guidance=" + guidance),
              Precision.FLOAT32,
              new PrintWriter(text));
      comparison.only(Set.of(SamplerChoice.DDIM));
      comparison.withSteps(Set.of(10));
      // More than it has room for otherwise.
      comparison.samplers(70);
      String row = text.toString().lines().skip(2).findFirst().orElseThrow();
      rows.add(Arrays.stream(row.split("\\|", -1)).map(String::strip).toList());
    }

    assertThat(rows).extracting(row -> row.get(3)).containsExactly("10", "10");
    assertThat(rows.get(0).get(6)).isNotEqualTo(rows.get(1).get(6));
  }

  @Test
  void imagesOfEachSamplerAreComparedWithThoseOfATable() {
    List<byte[]> images = new ArrayList<>();
    Random random = new Random(1);
    for (int id = 0; id < 50; id++) {
      byte[] image = new byte[64];
      random.nextBytes(image);
      images.add(image);
    }
    Path data = folder.resolve("table");
    RawTable.of(SPARK.session(), 8, 8, images).repartition(3).write().parquet(data.toString());
    var text = new StringWriter();
    SamplerComparison comparison = comparison(new PrintWriter(text));
    comparison.judgeBy(SPARK.session(), data.toString(), new PixelsSpec(), 20);
    comparison.samplers(4);

    List<String> lines = text.toString().lines().toList();
    assertThat(lines.get(0)).endsWith("| Fréchet distance to the data |");
    assertThat(lines.subList(2, 2 + 4 * SamplerChoice.values().length))
        .allSatisfy(
            line -> assertThat(line).matches("(\\|[^|]+){7}\\| \\d+\\.\\d\\d ± \\d+\\.\\d\\d \\|"));
    assertThat(lines)
        .last()
        .asString()
        .matches(
            "The Fréchet distance of 20 images each, ± its standard error from these; that of as"
                + " many real images to the other real ones is \\d+\\.\\d\\d\\.");
    assertThatThrownBy(
            () -> comparison.judgeBy(SPARK.session(), data.toString(), new PixelsSpec(), 26))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("has 50 images, but must have at least 2 × --count = 52.");
  }

  private SamplerComparison comparison(PrintWriter text) {
    Path model = TinyModel.write(folder.resolve("model"), 5);
    return new SamplerComparison(
        SPARK.context("local[2]"), model.toString(), TinyModel.sampling(), Precision.FLOAT32, text);
  }

  /** What it takes is asked before a network is built. */
  @Test
  void moreImagesThanFitAreRefusedBeforeAnythingIsMeasured() {
    var text = new StringWriter();
    SamplerComparison comparison = comparison(new PrintWriter(text));

    assertThatThrownBy(() -> comparison.run(33_000_000))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("The driver needs about 78.")
        .hasMessageContaining(" GiB of Java heap, but has");
    assertThatThrownBy(() -> comparison.run(100_000_000))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--images = 100000000: at most 33554431 images of 8×8×1");
    assertThat(text.toString()).isEmpty();
  }

  @Test
  void settingsThatASamplerCannotHaveAreRefusedBeforeAnythingIsMeasured() {
    var text = new StringWriter();
    Path model = TinyModel.write(folder.resolve("model"), 5);
    var comparison =
        new SamplerComparison(
            SPARK.context("local[2]"),
            model.toString(),
            TinyModel.sampling("sampling.spacing=leading", "sampling.steps-offset=3"),
            Precision.FLOAT32,
            new PrintWriter(text));

    assertThatThrownBy(() -> comparison.run(1))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("sampling.sampler = ddpm: the steps-offset = 3 must be at most 1,");
    assertThat(text.toString()).isEmpty();
  }

  @Test
  void theClusterIsLeftAlone() throws Exception {
    List<Integer> started = new CopyOnWriteArrayList<>();
    SparkContext spark = SPARK.session().sparkContext();
    var listener =
        new SparkListener() {
          @Override
          public void onJobStart(SparkListenerJobStart job) {
            started.add(job.jobId());
          }
        };
    spark.addSparkListener(listener);
    var text = new StringWriter();

    comparison(new PrintWriter(text)).run(1);

    spark.listenerBus().waitUntilEmpty();
    spark.removeSparkListener(listener);
    assertThat(started).isEmpty();
    assertThat(text.toString()).contains("| micro-batch |").contains("| sampler | steps |");
  }

  @Test
  void aRowPerMicroBatch() {
    List<List<String>> rows = table(SamplerComparison::microBatches);

    assertThat(rows)
        .extracting(row -> row.get(0))
        .containsExactly("1", "2", "4", "8", "16", "32", "64");
    assertThat(rows).allSatisfy(row -> assertThat(Double.parseDouble(row.get(3))).isPositive());
  }
}
