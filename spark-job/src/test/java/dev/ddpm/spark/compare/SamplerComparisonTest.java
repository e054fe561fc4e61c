package dev.ddpm.spark.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.evaluation.extractor.PixelsSpec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.config.SamplerChoice;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.io.Lease;
import dev.ddpm.spark.sample.TinyModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
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
  private static List<List<String>> cells(String text) {
    return text.lines()
        .skip(2)
        .map(line -> Arrays.stream(line.split("\\|", -1)).skip(1).map(String::strip).toList())
        .toList();
  }

  private Asked asked() {
    return new Asked(TinyModel.write(folder.resolve("model"), 5));
  }

  /** What a comparison is asked for, changed one by one. */
  private static final class Asked {
    private final Path model;
    private SamplingConfig sampling = TinyModel.sampling();
    private int images = 2;
    private Set<SamplerChoice> samplers = Set.of();
    private Set<Integer> steps = Set.of();
    private Set<Double> etas = Set.of();
    private Optional<SamplerComparison.Judging> judging = Optional.empty();
    private Optional<String> output = Optional.empty();
    private final StringWriter text = new StringWriter();

    Asked(Path model) {
      this.model = model;
    }

    Asked with(String... assignments) {
      sampling = TinyModel.sampling(assignments);
      return this;
    }

    Asked images(int number) {
      images = number;
      return this;
    }

    Asked samplers(SamplerChoice... some) {
      samplers = Set.of(some);
      return this;
    }

    Asked steps(Integer... numbers) {
      steps = Set.of(numbers);
      return this;
    }

    Asked etas(Double... shares) {
      etas = Set.of(shares);
      return this;
    }

    Asked data(Path table, int count) {
      judging =
          Optional.of(new SamplerComparison.Judging(table.toString(), new PixelsSpec(), count));
      return this;
    }

    Asked output(Path folder) {
      output = Optional.of(folder.toString());
      return this;
    }

    SamplerComparison comparison() {
      return new SamplerComparison(
          SPARK.session(),
          new SamplerComparison.Request(
              model.toString(),
              sampling,
              BackendChoice.DEFAULT,
              images,
              samplers,
              steps,
              etas,
              judging,
              output),
          new PrintWriter(text));
    }

    /** The cells of the rows of samplers. */
    List<List<String>> rows() {
      comparison().samplers();
      return cells(text.toString());
    }

    /** Everything that is printed. */
    String run() {
      comparison().run();
      return text.toString();
    }
  }

  @Test
  void aRowPerSamplerAndNumberOfStepsThatTheModelHas() {
    List<List<String>> rows = asked().rows();
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
        asked().samplers(SamplerChoice.UNIPC, SamplerChoice.DDPM).steps(100, 25).rows();

    assertThat(rows)
        .extracting(row -> row.get(0) + " " + row.get(1))
        .containsExactly("ddpm, fixed-large 25", "ddpm, fixed-large 100", "unipc 25", "unipc 100");
    assertThat(rows.get(3).get(5)).isEqualTo("0.0");
    assertThat(Double.parseDouble(rows.get(3).get(6))).isPositive();
    assertThatThrownBy(() -> asked().steps(101).comparison())
        .isInstanceOf(DdpmException.class)
        .hasMessage("--steps = 101: must be at most 100, the timesteps of the model.");
  }

  /** One command compares DDIM with several shares of noise, and goes on where it was killed. */
  @Test
  void whatWasMeasuredIsKept() throws Exception {
    Path data = table();
    Path output = folder.resolve("compared");
    var some = asked().samplers(SamplerChoice.DDIM).etas(1.0, 0.0).steps(10).data(data, 20);
    String first = some.output(output).run();
    byte[] kept = Files.readAllBytes(output.resolve("comparison.json"));
    Asked more =
        asked()
            .samplers(SamplerChoice.DDIM, SamplerChoice.HEUN)
            .etas(0.0, 1.0)
            .steps(10, 25)
            .data(data, 20)
            .output(output);
    String second = more.run();

    List<String> before = first.lines().filter(line -> line.startsWith("| ddim")).toList();
    assertThat(before).hasSize(2);
    assertThat(before.get(0)).startsWith("| ddim, eta 0.0 | 10 | 10 |");
    assertThat(before.get(1)).startsWith("| ddim, eta 1.0 | 10 | 10 |");
    // The same to the letter, their times too, among the others.
    assertThat(second.lines().filter(line -> line.matches("\\| (ddim|heun).*")))
        .hasSize(6)
        .containsAll(before);
    assertThat(new String(kept, StandardCharsets.UTF_8))
        .contains("\"sampler\" : \"ddim, eta 1.0\"", "\"data_fingerprint\"", "\"digest\"");
    assertThatThrownBy(() -> asked().images(3).data(data, 20).output(output).run())
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--output = %s: holds a comparison with other settings (--images: 2 → 3); name a new"
                + " folder, or set them back.",
            output);
    assertThatThrownBy(() -> asked().with("sampling.seed=4").data(data, 20).output(output).run())
        .hasMessageContaining("(sampling.seed: 3 → 4)");
    Files.write(output.resolve("comparison.json"), Arrays.copyOf(kept, kept.length - 9));
    assertThatThrownBy(() -> asked().data(data, 20).output(output).run())
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("comparison.json is not valid JSON: it ends too early");
    assertThatThrownBy(() -> asked().output(data).run())
        .hasMessageContaining("is not empty; nothing is ever overwritten");
  }

  /** Each would write over the rows of the other. */
  @Test
  void twoComparisonsAtOnceDoNotShareAFolder() {
    Path kept = folder.resolve("kept");
    Asked first = asked().samplers(SamplerChoice.DDIM).steps(2).output(kept);
    Asked second = asked().samplers(SamplerChoice.DDIM).steps(2).output(kept);

    try (Lease held = Lease.acquire(kept.toString(), hadoop(), Duration.ofSeconds(2))) {
      assertThatThrownBy(first::run)
          .isInstanceOf(DdpmException.class)
          .hasMessageContaining(kept + " is being written by another driver");
      held.ensureHeld();
    }

    assertThat(kept.resolve("comparison.json")).doesNotExist();
    second.run();
    assertThat(kept.resolve("comparison.json")).exists();
  }

  private static org.apache.hadoop.conf.Configuration hadoop() {
    return SPARK.session().sparkContext().hadoopConfiguration();
  }

  @Test
  void sharesOfNoiseAreForDdim() {
    assertThatThrownBy(() -> asked().samplers(SamplerChoice.HEUN).etas(0.0).comparison())
        .isInstanceOf(DdpmException.class)
        .hasMessage("--etas: is for ddim, which --samplers does not name.");
  }

  /** What the defaults of sampling are chosen by. */
  @Test
  void theCheapestOfThoseThatAreHardlyFartherThanTheBestIsNamed() {
    List<ComparisonRow> rows =
        List.of(
            row("heun", 50, 99, 30.0, 2.0),
            row("ddim, eta 1.0", 50, 50, 31.6, 2.0),
            row("unipc", 25, 25, 31.4, 1.5),
            row("euler", 25, 25, 31.2, 1.25),
            row("ddpm, fixed-large", 10, 10, 80.0, 9.0));

    assertThat(ComparisonRow.recommendation(rows))
        .contains(
            "Nearest to the data: heun, 50 steps (99 calls, 30.00 ± 2.00). Cheapest within 5 % of"
                + " that: euler, 25 steps (25 calls, 31.20 ± 1.25).");
    assertThat(ComparisonRow.recommendation(List.of(row("heun", 50, 99)))).isEmpty();
  }

  private static ComparisonRow row(String sampler, int steps, int calls, Double... frechet) {
    return new ComparisonRow(sampler, steps, calls, 1, 1, 0, 0, List.of(frechet));
  }

  /** Only of the classes that are asked for. */
  @Test
  void theClassesOfTheSettingsAreDrawn() {
    Path classes = TinyModel.write(folder.resolve("classes"), 5, List.of("a", "b", "c"));
    List<String> distances = new ArrayList<>();
    for (String of : List.of("uniform", "all=7", "b", "c=1")) {
      Asked asked = new Asked(classes).with("sampling.classes=" + of);
      distances.add(asked.samplers(SamplerChoice.DDIM).steps(10).rows().get(0).get(5));
    }

    assertThat(distances.get(1)).isEqualTo(distances.get(0));
    assertThat(Set.copyOf(distances)).hasSize(3);
    assertThatThrownBy(() -> new Asked(classes).with("sampling.classes=d").comparison())
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith("sampling.classes = d: there is no class 'd'");
  }

  /** Guided, a model is asked as often, about twice the images. */
  @Test
  void aModelOfClassesIsMeasuredUnderGuidance() {
    Path classes = TinyModel.write(folder.resolve("classes"), 5, List.of("a", "b", "c"));
    List<List<String>> rows = new ArrayList<>();
    for (String guidance : List.of("1", "2")) {
      // More than it has room for otherwise.
      Asked asked = new Asked(classes).with("sampling.guidance=" + guidance).images(70);
      rows.add(asked.samplers(SamplerChoice.DDIM).steps(10).rows().get(0));
    }

    assertThat(rows).extracting(row -> row.get(2)).containsExactly("10", "10");
    assertThat(rows.get(0).get(5)).isNotEqualTo(rows.get(1).get(5));
  }

  @Test
  void imagesOfEachSamplerAreComparedWithThoseOfATable() {
    Path data = table();
    Asked asked = asked().images(4).data(data, 20);
    asked.comparison().samplers();

    List<String> lines = asked.text.toString().lines().toList();
    assertThat(lines.get(0)).endsWith("| Fréchet distance to the data |");
    assertThat(lines.subList(2, 2 + 4 * SamplerChoice.values().length))
        .allSatisfy(
            line -> assertThat(line).matches("(\\|[^|]+){7}\\| \\d+\\.\\d\\d ± \\d+\\.\\d\\d \\|"));
    assertThat(lines).last().asString().startsWith("Nearest to the data: ");
    assertThat(lines.get(lines.size() - 2))
        .matches(
            "The Fréchet distance of 20 images each, ± its standard error from these; that of as"
                + " many real images to the other real ones is \\d+\\.\\d\\d\\.");
    assertThatThrownBy(() -> asked().data(data, 26).run())
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("has 50 images, but must have at least 2 × --count = 52.");
  }

  /** Fifty images of noise. */
  private Path table() {
    List<byte[]> images = new ArrayList<>();
    Random random = new Random(1);
    for (int id = 0; id < 50; id++) {
      byte[] image = new byte[64];
      random.nextBytes(image);
      images.add(image);
    }
    Path data = folder.resolve("table");
    RawTable.of(SPARK.session(), 8, 8, images).repartition(3).write().parquet(data.toString());
    return data;
  }

  /** The features of a table are in the driver's memory. */
  @Test
  void aTableThatIsTooLargeToBeComparedWithIsRefused() {
    MemoryNeeds small = ImageJudge.needs(new PixelsSpec(), new ImageShape(8, 8, 1), 1_000, 2);
    MemoryNeeds large = ImageJudge.needs(new PixelsSpec(), new ImageShape(8, 8, 1), 10_000_000, 2);

    assertThat(small.driverHeap()).isLessThan(400L << 20);
    assertThat(large.driverHeap()).isGreaterThan(4L << 30);
    assertThat(large.result()).isGreaterThan(2L << 30);
  }

  /** What it takes is asked before a network is built. */
  @Test
  void moreImagesThanFitAreRefusedBeforeAnythingIsMeasured() {
    Asked asked = asked();

    assertThatThrownBy(() -> asked.images(33_000_000).run())
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("The driver needs about 78.")
        .hasMessageContaining(" GiB of Java heap, but has");
    assertThatThrownBy(() -> asked.images(100_000_000).run())
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--images = 100000000: at most 33554431 images of 8×8×1");
    assertThat(asked.text.toString()).isEmpty();
  }

  @Test
  void settingsThatASamplerCannotHaveAreRefusedBeforeAnythingIsMeasured() {
    Asked asked = asked().images(1).with("sampling.spacing=leading", "sampling.steps-offset=3");

    assertThatThrownBy(asked::run)
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("sampling.sampler = ddpm: the steps-offset = 3 must be at most 1,");
    assertThat(asked.text.toString()).isEmpty();
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

    String text = asked().images(1).run();

    spark.listenerBus().waitUntilEmpty();
    spark.removeSparkListener(listener);
    assertThat(started).isEmpty();
    assertThat(text).contains("| micro-batch |").contains("| sampler | steps |");
  }

  @Test
  void aRowPerMicroBatch() {
    Asked asked = asked();
    asked.comparison().microBatches();
    List<List<String>> rows = cells(asked.text.toString());

    assertThat(rows)
        .extracting(row -> row.get(0))
        .containsExactly("1", "2", "4", "8", "16", "32", "64");
    assertThat(rows).allSatisfy(row -> assertThat(Double.parseDouble(row.get(3))).isPositive());
  }
}
