package dev.ddpm.spark.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
  @TempDir Path folder;

  @Test
  void commandLineWinsOverFileWinsOverPresetWinsOverDefault() throws IOException {
    Path file =
        file(
            """
            diffusion.preset = labml
            training {
              batch-size = 16
              epochs = 4
            }
            """);

    LoadedConfig loaded =
        ConfigLoader.load(Optional.of(file), List.of("training.epochs=5", "training.epochs = 6"));

    assertThat(loaded.settings())
        .contains(
            new Setting("training.epochs", "6", "--set"),
            new Setting("training.batch-size", "16", file + ":3"),
            new Setting("training.learning-rate", "2.0E-5", "preset labml"),
            new Setting("training.averaging-frequency", "16", "default"));
  }

  @Test
  void renderedConfigurationLoadsToTheSame() throws IOException {
    LoadedConfig loaded =
        ConfigLoader.load(
            Optional.empty(),
            List.of(
                "sampling.sampler=dpm-solver++",
                "data.table=s3a://bucket/a b",
                "model.attention=[true, false, false, true]"));

    Path file = file(loaded.render());

    assertThat(ConfigLoader.load(Optional.of(file), List.of()).experiment())
        .isEqualTo(loaded.experiment());
  }

  @Test
  void filesMayIncludeAndSubstitute() throws IOException {
    Files.writeString(folder.resolve("base.conf"), "training { epochs = 9, batch-size = 4 }");
    Path file =
        file(
            """
            include "base.conf"
            training.checkpoint-every = ${training.epochs}
            """);

    TrainingConfig training =
        ConfigLoader.load(Optional.of(file), List.of()).experiment().training();

    assertThat(training.epochs()).isEqualTo(9);
    assertThat(training.checkpointEvery()).isEqualTo(9);
  }

  @ParameterizedTest
  @CsvSource({
    "training.batchsize, training.batch-size",
    "trainning.batch-size, training.batch-size",
    "training.steps, sampling.steps",
    "batch-size, training.batch-size",
    "model.atention, model.attention",
  })
  void anUnknownKeyNamesTheNearestOne(String unknown, String nearest) throws IOException {
    Path file = file("\n" + unknown + " = 3");

    assertUserError(() -> ConfigLoader.load(Optional.of(file), List.of()))
        .hasMessage(
            "%s (%s:2): there is no such key; did you mean %s?".formatted(unknown, file, nearest));
    assertUserError(() -> set(unknown + "=3"))
        .hasMessage(
            "%s (--set): there is no such key; did you mean %s?".formatted(unknown, nearest));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "training.batch-size=0 | a whole number, at least 1",
        "training.batch-size=1.5 | a whole number, at least 1",
        "training.batch-size=3000000000 | a whole number, at least 1",
        "training.batch-size= | a whole number, at least 1",
        "training.learning-rate=0 | a number, above 0 and at most 1E+30",
        "training.learning-rate=NaN | a number, above 0 and at most 1E+30",
        "training.ema-decay=1 | a number, at least 0 and below 1",
        "training.horizontal-flip=yes | true or false",
        "training.seed=one | a whole number, at least -9223372036854775808 and at most"
            + " 9223372036854775807.",
        "training.learning-rate=1e400 | a number, above 0 and at most 1E+30.",
        "training.learning-rate=1e-400 | a number, above 0 and at most 1E+30.",
        "training.seed=1e30 | a whole number, at least -9223372036854775808",
        "model.blocks=100000 | a whole number, at least 1 and at most 1000.",
        "model.channel-multipliers=1,2 | a list of whole numbers such as [1, 2], each at least 1",
        "model.channel-multipliers=[1, 0] | a list of whole numbers such as [1, 2], each at least"
            + " 1",
        "model.attention=[1] | a list of true and false such as [false, true]",
        "sampling.spacing=even | one of leading, trailing, linspace",
        "sampling.noise-levels=cosine | one of schedule, karras",
        "sampling.end=0 | one of clean, first-level",
        "sampling.ddim-noise=own | one of consistent, predicted",
        "sampling.clip-range=0 | a number, above 0 and at most 1000000",
        "sampling.steps-offset=-1 | a whole number, at least 0 and at most 100000",
        "sampling.sampler=eular | one of ddpm, ddim, dpm-solver++, unipc, euler, heun",
      })
  void aValueThatIsNotAllowedSaysWhatIs(String assignment, String allowed) {
    String key = assignment.substring(0, assignment.indexOf('='));

    assertUserError(() -> set(assignment))
        .hasMessageStartingWith(key + " = ")
        .hasMessageContaining("(--set): must be " + allowed);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "training = 3 | training (FILE:1): there is no such key",
        "training.batch-size { a = 1 } | training.batch-size = {a=1} (FILE:1): must be a whole",
        "training.batch-size = null | training.batch-size = null (FILE:1): must be a whole number",
        "training.batch-size = [1] | training.batch-size = [1] (FILE:1): must be a whole number",
        "training { | --config FILE: not valid HOCON: ",
        "training.epochs = ${nowhere} | --config FILE: not valid HOCON: ",
      })
  void aFileThatIsWrongSaysWhere(String content, String message) throws IOException {
    Path file = file(content);

    assertUserError(() -> ConfigLoader.load(Optional.of(file), List.of()))
        .hasMessageStartingWith(message.replace("FILE", file.toString()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"missing.conf\"",
        "\"missing\"",
        "file(\"missing.conf\")",
        "url(\"file:///nowhere/missing.conf\")",
        "classpath(\"missing.conf\")",
        "required(\"missing.conf\")",
      })
  void whatIsIncludedMustBeThere(String missing) throws IOException {
    Path file = file("training.epochs = 3\ninclude " + missing);

    assertUserError(() -> ConfigLoader.load(Optional.of(file), List.of()))
        .hasMessageStartingWith("--config " + file + ": includes ")
        .hasMessageContaining("missing")
        .hasMessageEndingWith(", which cannot be read.");
  }

  @Test
  void whatAnIncludedFileIncludesMustBeThereToo() throws IOException {
    Files.writeString(folder.resolve("base.conf"), "include \"missing.conf\"");
    Path file = file("include \"base.conf\"");

    assertUserError(() -> ConfigLoader.load(Optional.of(file), List.of()))
        .hasMessage("--config %s: includes missing.conf, which cannot be read.", file);
  }

  @Test
  void textThatIsNotUtf8IsRefused() throws IOException {
    Path included = folder.resolve("base.conf");
    Files.write(included, "model.note = \"é\"".getBytes(StandardCharsets.ISO_8859_1));
    Path file = Files.writeString(folder.resolve("a.conf"), "include \"base.conf\"");

    for (Path damaged : List.of(included, file)) {
      assertUserError(() -> ConfigLoader.load(Optional.of(damaged), List.of()))
          .hasMessage(
              "--config %s: has text that is not UTF-8; save it in that encoding.", damaged);
    }
  }

  /** The library finds what a file without a folder in its path includes on the class path only. */
  @Test
  void aPathWithoutAFolderIncludesToo() throws IOException {
    Path file = Path.of("a-configuration-of-this-test.conf");
    Path included = Path.of("what-a-configuration-of-this-test-includes.conf");
    try {
      Files.writeString(included, "training.epochs = 9");
      Files.writeString(file, "include \"" + included + "\"\ntraining.workers = 3");

      LoadedConfig loaded = ConfigLoader.load(Optional.of(file), List.of());

      assertThat(loaded.experiment().training().epochs()).isEqualTo(9);
      assertThat(loaded.settings()).contains(new Setting("training.workers", "3", file + ":2"));
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(included);
    }
  }

  static List<String> hostile() {
    return List.of(
        "a {".repeat(5_000) + "}".repeat(5_000),
        "training.epochs = " + "[".repeat(5_000) + "]".repeat(5_000),
        "training.epochs = \"" + "9".repeat(10_000_000) + "\"",
        "training.seed = " + "9".repeat(1_000_000),
        "x".repeat(10_000_000) + " = 3",
        "training.epochs = 1e999999999",
        "training.epochs = ${training.epochs}",
        "include \"experiment.conf\"");
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void noFileIsTooBad(String content) throws IOException {
    Path file = file(content);

    assertTimeout(
        Duration.ofSeconds(20),
        () -> assertUserError(() -> ConfigLoader.load(Optional.of(file), List.of())));
  }

  @Test
  void aSettingIsNeverNestedTooDeeply() {
    assertUserError(() -> set("model.attention=" + "[".repeat(5_000) + "]".repeat(5_000)))
        .hasMessageStartingWith("model.attention = [[")
        .hasMessageEndingWith("(--set): must be a list of true and false such as [false, true].");
  }

  @Test
  void everyNumberHasBounds() {
    assertThat(ConfigSchema.experiment().keys())
        .filteredOn(key -> key.type().description().contains("number"))
        .hasSizeGreaterThan(30)
        .allMatch(key -> key.interval().lower().isPresent() && key.interval().upper().isPresent());
  }

  @Test
  void noImageHasThatManyLevels() {
    String ones = String.join(", ", Collections.nCopies(33, "1"));
    ModelConfig model = set("model.channel-multipliers=[" + ones + "]").experiment().model();

    assertUserError(() -> model.architecture(new ImageShape(32, 32, 3), 0))
        .hasMessage("channel-multipliers has 33 levels: at most 14 are allowed.");
  }

  @Test
  void aMissingFileIsNamed() {
    Path missing = folder.resolve("missing.conf");

    assertUserError(() -> ConfigLoader.load(Optional.of(missing), List.of()))
        .hasMessage("--config %s: there is no such readable file.", missing);
  }

  @Test
  void anAssignmentNeedsAnEqualsSign() {
    assertUserError(() -> set("training.epochs"))
        .hasMessage("--set training.epochs: must have the form key=value.");
  }

  @Test
  void contradictingKeysAreNamedTogether() {
    assertUserError(
            () ->
                ConfigLoader.load(
                    Optional.empty(), List.of("sampling.steps=50", "sampling.trajectory=60")))
        .hasMessage("sampling.trajectory = 60: must be at most sampling.steps = 50.");
    assertUserError(() -> set("diffusion.beta-first=0.5"))
        .hasMessage("diffusion.beta-first = 0.5: must be at most diffusion.beta-last = 0.02.");
    assertUserError(() -> set("diffusion.zero-terminal-snr=true"))
        .hasMessage(
            "diffusion.zero-terminal-snr = true: needs diffusion.prediction = v or x0, not epsilon:"
                + " the last timestep is then noise alone, and the noise tells no image.");
    assertUserError(
            () ->
                ConfigLoader.load(
                    Optional.empty(),
                    List.of(
                        "diffusion.zero-terminal-snr=true",
                        "diffusion.prediction=v",
                        "diffusion.timesteps=1")))
        .hasMessage(
            "diffusion.zero-terminal-snr = true: needs diffusion.timesteps of at least 2, not 1.");
  }

  @Test
  void theShapeOfAnImageIsThatOfTheDataSet() {
    ModelConfig model = ConfigLoader.load(Optional.empty(), List.of()).experiment().model();

    assertThat(model.architecture(new ImageShape(32, 24, 1), 0).imageShape().size())
        .isEqualTo(32 * 24);
  }

  @Test
  void aShapeThatIsNotThatOfTheDataSetIsRefused() {
    ModelConfig model = set("model.height=28").experiment().model();

    assertUserError(() -> model.architecture(new ImageShape(32, 32, 1), 0))
        .hasMessage(
            "model.height = 28: the images of the data set have 32; set that value, or leave the"
                + " key out.");
  }

  private static LoadedConfig set(String assignment) {
    return ConfigLoader.load(Optional.empty(), List.of(assignment));
  }

  private Path file(String content) throws IOException {
    return Files.writeString(folder.resolve("experiment.conf"), content);
  }

  private static org.assertj.core.api.AbstractThrowableAssert<?, ? extends Throwable>
      assertUserError(ThrowingCallable code) {
    return assertThatThrownBy(code)
        .isInstanceOfSatisfying(
            DdpmException.class,
            failure -> assertThat(failure.category()).isEqualTo(DdpmException.Category.USER));
  }
}
