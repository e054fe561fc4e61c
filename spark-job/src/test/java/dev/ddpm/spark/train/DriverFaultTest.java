package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.config.ConfigLoader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Drivers, each a process of its own, that end at the worst moments: the same command again comes
 * to the very weights of a run that was left alone.
 */
class DriverFaultTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path shared;
  private static String table;
  private static byte[] undisturbed;

  @TempDir Path folder;

  @BeforeAll
  static void trainUndisturbed() throws IOException {
    table = TinyTable.write(SPARK.session(), shared.resolve("images"), 44, Set.of());
    train(shared.resolve("run"));
    undisturbed = weights(shared.resolve("run"));
  }

  @Test
  void haltedBetweenTwoRounds() throws Exception {
    Path run = folder.resolve("run");

    assertThat(drive("file", run, "round 3/6")).isEqualTo(HaltingDriver.HALTED);
    assertThat(checkpoints(run)).containsExactly("round-000002");
    assertThat(run.resolve("model")).doesNotExist();

    assertThat(train(run)).contains("Going on after round 2 of 6.");
    assertThat(weights(run)).isEqualTo(undisturbed);
  }

  @Test
  void haltedWhileItWritesACheckpoint() throws Exception {
    Path run = folder.resolve("run");

    assertThat(drive("halting", run)).isEqualTo(HaltingDriver.HALTED);
    assertThat(run.resolve("checkpoints/round-000004/weights.safetensors")).exists();
    assertThat(run.resolve("checkpoints/round-000004/model.json")).doesNotExist();
    assertThat(temporaries(run)).isNotEmpty();

    assertThat(train(run)).contains("Going on after round 2 of 6.");
    assertThat(temporaries(run)).isEmpty();
    assertThat(weights(run)).isEqualTo(undisturbed);
  }

  /** Twin: it is the checkpoint that the run goes on from. */
  @Test
  void withoutItsCheckpointTheRunBeginsAgain() throws Exception {
    Path run = folder.resolve("run");
    assertThat(drive("file", run, "round 3/6")).isEqualTo(HaltingDriver.HALTED);
    Files.delete(run.resolve("checkpoints/round-000002/model.json"));

    assertThat(train(run)).contains("round 1/6").doesNotContain("Going on");
  }

  /** Trains in a process of its own and returns its exit code. */
  private int drive(String scheme, Path run, String... haltAt) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(table, scheme + "://" + run));
    arguments.addAll(List.of(haltAt));
    return ChildJvm.run(
        folder.resolve("out"),
        90,
        List.of("-Xmx1g"),
        HaltingDriver.class,
        arguments.toArray(String[]::new));
  }

  /** Trains with the same settings in this process and returns what is printed. */
  private static String train(Path run) {
    var out = new StringWriter();
    new TrainJob(
            SPARK.session(),
            ConfigLoader.load(Optional.empty(), TinyTable.SETTINGS),
            table,
            run.toString(),
            Resume.AUTO,
            new PrintWriter(out, true))
        .run();
    return out.toString();
  }

  private static byte[] weights(Path run) throws IOException {
    return Files.readAllBytes(run.resolve("model/weights.safetensors"));
  }

  private static List<String> checkpoints(Path run) throws IOException {
    try (Stream<Path> files = Files.list(run.resolve("checkpoints"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static List<Path> temporaries(Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(".model.json."))
          .toList();
    }
  }
}
