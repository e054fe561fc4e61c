package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.OptionSpec;

class DdpmTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void withoutArgumentsItSaysWhatThereIs() {
    assertThat(run()).isZero();
    assertThat(out.toString()).contains("Usage: ddpm").contains("config");
  }

  @Test
  void helpOfACommandHasExamples() {
    assertThat(run("config", "--help")).isZero();
    assertThat(out.toString()).contains("Examples:").contains("--set");
  }

  @Test
  void versionNamesTheJarJavaAndSpark() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString()).contains("ddpm ").contains("Java 17").contains("Spark 3.5");
  }

  @Test
  void configPrintsTheEffectiveConfigurationWithOrigins() {
    assertThat(run("config", "--set", "training.epochs=3")).isZero();
    assertThat(out.toString()).containsPattern("training.epochs = 3 +# --set");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void configPrintsTheReference() {
    assertThat(run("config", "--reference")).isZero();
    assertThat(out.toString()).startsWith("# Configuration reference");
  }

  @Test
  void aWrongFlagIsOneLineWithASuggestion() {
    assertThat(run("config", "--referense")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: Unknown option: '--referense'; did you mean --reference?"
                + " (see 'ddpm config --help')\n");
  }

  @Test
  void aWrongCommandIsOneLineWithASuggestion() {
    assertThat(run("confg")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: Unknown command: 'confg'; did you mean config? (see 'ddpm --help')\n");
  }

  @Test
  void aWrongValueIsOneLineAndNothingElse() {
    assertThat(run("config", "--set", "training.epochs=none")).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: training.epochs = none (--set): must be a whole number, at least 1"
                + " and at most 1000000000.\n");
  }

  @Test
  void anInvalidFileIsOneLineEvenIfItsParserSaysMore(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("a.conf"), "training {\n  epochs = 3\n\n");

    assertThat(run("config", "--config", file.toString())).isEqualTo(2);
    assertThat(err.toString().lines()).singleElement().asString().contains(file.toString());
  }

  @Test
  void aNameThatBeginsWithAtIsNoFileOfArguments(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("arguments"), "--set training.epochs=3");

    assertThat(run("config", "@" + file)).isEqualTo(2);
    assertThat(err.toString()).contains("'@" + file + "'");
  }

  @Test
  void namesShowTheirControlCharacters() {
    assertThat(run("config", "--config", "a\u001b[2J\u202eb\nc.conf")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualToNormalizingNewlines(
            "error: --config a\\u001b[2J\\u202eb c.conf: there is no such readable file.\n");
  }

  @Test
  void theOutputShowsThemToo() {
    assertThat(run("config", "--set", "data.table=a\u009b2J\u2066b x̂ 中")).isZero();
    assertThat(out.toString()).contains("a\\u009b2J\\u2066b x̂ 中").contains("\n");
  }

  @Test
  void aHugeNameLeavesALine() {
    assertThat(run("config", "--config", "x".repeat(100_000))).isEqualTo(2);
    assertThat(err.toString().lines().toList())
        .singleElement()
        .satisfies(line -> assertThat(line.length()).isLessThan(2100));
    assertThat(err.toString()).contains(" … ").contains("there is no such readable file.");
  }

  /** A number without bounds is accepted, and fails later or does something else. */
  @Test
  void everyNumberHasBounds() {
    List<Class<?>> numbers =
        List.of(int.class, long.class, double.class, Integer.class, Long.class, Double.class);
    List<OptionSpec> options =
        new Ddpm(Interruption.never())
            .commandLine().getSubcommands().values().stream()
                .flatMap(command -> command.getCommandSpec().options().stream())
                .filter(
                    option ->
                        Stream.concat(
                                Stream.of(option.type()), Arrays.stream(option.auxiliaryTypes()))
                            .anyMatch(numbers::contains))
                .toList();

    assertThat(options)
        .hasSizeGreaterThan(12)
        .allSatisfy(
            option ->
                assertThat(Ranges.interval(option))
                    .get()
                    .matches(range -> range.lower().isPresent() && range.upper().isPresent()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "classifier --data d --output o --epochs N",
        "classifier --data d --output o --images N",
        "classifier --data d --output o --seed N",
        "compare-samplers --model m --images N",
        "compare-samplers --model m --steps 10,N",
        "evaluate --model m --data d --output o --images N",
        "evaluate --model m --data d --output o --timesteps N",
        "import --from labml s --output o --height N --width 8",
        "import --from labml s --output o --height 8 --width N",
        "ingest --source folder --output o i --height N --width 8",
        "ingest --source folder --output o i --height 8 --width N",
        "ingest --source folder --output o i --limit N",
        "interpolate --model m --data d --pairs 1:2 --output o --timestep N",
        "interpolate --model m --data d --pairs 1:2 --output o --timestep 1 --lambdas N",
        "sample --model m --output o --count N",
        "sample --model m --output o --count 1 --trajectory N",
      })
  void aNumberOutOfRangeIsRefusedBeforeAnythingElse(String command) {
    for (String number : List.of("-1", "9223372036854775807", "99999999999999999999", "1e400")) {
      err.getBuffer().setLength(0);
      assertThat(run(command.replace("N", number).split(" "))).isEqualTo(2);
      assertThat(err.toString().lines())
          .singleElement()
          .asString()
          .contains(" = " + number + ": must be ")
          .contains(" and at most ");
    }
  }

  @Test
  void verboseAddsTheStackTrace() {
    assertThat(run("config", "--config", "missing.conf", "--verbose")).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("error: --config missing.conf: there is no such readable file.")
        .contains("at dev.ddpm.spark.config.ConfigLoader");
  }

  private int run(String... args) {
    return Ddpm.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }
}
