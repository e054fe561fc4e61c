package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
            "error: training.epochs = none (--set): must be a whole number, at least 1.\n");
  }

  @Test
  void anInvalidFileIsOneLineEvenIfItsParserSaysMore(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("a.conf"), "training {\n  epochs = 3\n\n");

    assertThat(run("config", "--config", file.toString())).isEqualTo(2);
    assertThat(err.toString().lines()).singleElement().asString().contains(file.toString());
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
