package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... options) {
    List<String> words = new ArrayList<>(List.of("plan", "--config", "../conf/cifar10.conf"));
    words.addAll(List.of(options));
    return Ddpm.run(
        new PrintWriter(out, true), new PrintWriter(err, true), words.toArray(String[]::new));
  }

  @Test
  void printsARowPerSizeOfTheCluster() {
    assertThat(run("--executors", "8,512", "--images", "50000")).isZero();

    List<String> lines = out.toString().lines().toList();
    assertThat(lines.get(0)).matches("Model: [1-9][0-9],[0-9]{3},[0-9]{3} parameters, .*");
    assertThat(lines.get(1)).startsWith("Worker: 16 steps of 16 images between two averagings");
    assertThat(lines.get(2)).startsWith("Memory: driver ");
    assertThat(lines).filteredOn(line -> line.matches(" +8 +8 .*%.*")).hasSize(1);
    assertThat(lines).filteredOn(line -> line.matches(" +512 +512 .*%.*")).hasSize(1);
  }

  @Test
  void fasterCoresHaveMoreOverhead() {
    assertThat(run("--executors", "8")).isZero();
    double slow = overhead();
    out.getBuffer().setLength(0);
    assertThat(run("--executors", "8", "--gflops", "2240")).isZero();

    assertThat(overhead()).isBetween(9.5 * slow, 10.5 * slow);
  }

  @Test
  void tellsHowRarelyToAverage() {
    assertThat(run("--executors", "8,512")).isZero();
    Matcher told =
        Pattern.compile("at most 5 % from training.averaging-frequency = (\\d+) on")
            .matcher(out.toString());
    assertThat(told.find()).isTrue();
    int frequency = Integer.parseInt(told.group(1));

    assertThat(overheadWhenAveragedEvery(frequency)).isLessThanOrEqualTo(5);
    assertThat(overheadWhenAveragedEvery(frequency - 2)).isGreaterThan(5);
  }

  /** On the larger cluster, in percent, to the decimal that is printed. */
  private double overheadWhenAveragedEvery(int steps) {
    out.getBuffer().setLength(0);
    assertThat(run("--executors", "512", "--set", "training.averaging-frequency=" + steps))
        .isZero();
    return overhead();
  }

  private double overhead() {
    String row =
        out.toString().lines().filter(line -> line.contains("%")).findFirst().orElseThrow();
    return Double.parseDouble(row.strip().split(" +", -1)[6].replace("%", ""));
  }

  @Test
  void recomputingTakesTimeAndLessMemory() {
    assertThat(run("--executors", "8")).isZero();
    double seconds = stepSeconds();
    long memory = taskMegabytes();
    out.getBuffer().setLength(0);
    assertThat(run("--executors", "8", "--set", "training.recompute=true")).isZero();

    assertThat(stepSeconds()).isBetween(1.1 * seconds, 1.25 * seconds);
    assertThat(taskMegabytes()).isLessThan(memory);
  }

  @Test
  void momentumTakesMemoryOfTheDriver() {
    assertThat(run("--executors", "8")).isZero();
    long plain = Long.parseLong(told("driver ([0-9,]+) MB").replace(",", ""));
    out.getBuffer().setLength(0);
    assertThat(run("--executors", "8", "--set", "training.outer-momentum=0.5")).isZero();

    assertThat(Long.parseLong(told("driver ([0-9,]+) MB").replace(",", ""))).isGreaterThan(plain);
  }

  @Test
  void saysThatNoGpuWasMeasured() {
    assertThat(run("--executors", "8", "--set", "backend.device=cuda")).isZero();
    assertThat(out.toString())
        .startsWith("Costs are those of CPU cores: none have been measured of GPUs.");
  }

  private double stepSeconds() {
    return Double.parseDouble(told("([0-9.]+) s a step"));
  }

  private long taskMegabytes() {
    return Long.parseLong(told("executor of 1 task.s. [0-9,]+ and ([0-9,]+) MB").replace(",", ""));
  }

  private String told(String pattern) {
    Matcher told = Pattern.compile(pattern).matcher(out.toString());
    assertThat(told.find()).as(pattern).isTrue();
    return told.group(1);
  }

  @Test
  void drawsAChart() throws IOException {
    Path chart = folder.resolve("plan.png");

    assertThat(run("--chart", chart.toString())).isZero();
    assertThat(ImageIO.read(chart.toFile()).getWidth()).isEqualTo(900);
    assertThat(out.toString()).contains("Chart: " + chart);
  }

  @Test
  void aChartIsNeverWrittenOverAFile() throws IOException {
    Path letter = Files.writeString(folder.resolve("letter"), "Dear reader");

    assertThat(run("--chart", letter.toString())).isEqualTo(2);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: --chart = " + letter + ": is there already; nothing is ever overwritten.\n");
    assertThat(out.toString()).isEmpty();
    assertThat(letter).hasContent("Dear reader");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--executors 0 | --executors = 0: must be at least 1 and at most 100000.",
        "--executors 8,2147483648 | --executors = 2147483648: must be a number, at least 1 and at"
            + " most 100000",
        "--network -1 | --network = -1.0: must be above 0 and at most 1000000.",
        "--network 1e400 | --network = Infinity: must be above 0 and at most 1000000.",
        "--images 9223372036854775807 | --images = 9223372036854775807: must be at least 1 and at",
        "--set model.blocks=100000 | model.blocks = 100000 (--set): must be a whole number, at"
            + " least 1 and at most 1000.",
        "--set model.height=0 | model.image-channels, model.height and model.width must be set",
      })
  void aWrongCallIsOneLine(String options, String message) {
    assertThat(run(options.split(" "))).isEqualTo(2);
    assertThat(err.toString().lines()).singleElement().asString().contains(message);
  }
}
