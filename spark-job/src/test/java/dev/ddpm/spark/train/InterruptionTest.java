package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.Main;
import dev.ddpm.spark.Signals;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signals to a process that trains: one line, the exit code of the signal, and nothing lost. */
@DisabledOnOs(OS.WINDOWS)
class InterruptionTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void aSignalEndsTrainingInOneLine(String signal, int exitCode) throws Exception {
    Signals.assumeNotIgnored(signal);
    Process training = train("auto");
    awaitRound(training);

    assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(training.pid())).start())
        .satisfies(kill -> assertThat(kill.waitFor()).isZero());

    assertThat(training.waitFor(20, TimeUnit.SECONDS)).as("ends soon").isTrue();
    assertThat(training.exitValue()).isEqualTo(exitCode);
    assertThat(lastErrors())
        .containsExactly(
            "interrupted by SIG"
                + signal
                + ": the same command goes on after the newest checkpoint, or begins again without"
                + " one.");
    try (var leases = Files.list(folder.resolve("run/.lease"))) {
      assertThat(leases.filter(lease -> lease.toString().endsWith(".json")))
          .singleElement()
          .satisfies(lease -> assertThat(Files.readString(lease)).contains("\"released\":true"));
    }
  }

  @Test
  void whatGoesOnUnderAnotherOptionOnlyIsSaid() throws Exception {
    Process training = train("never");
    awaitRound(training);
    training.destroy();

    assertThat(training.waitFor(20, TimeUnit.SECONDS)).as("ends soon").isTrue();
    assertThat(lastErrors())
        .singleElement()
        .asString()
        .contains(": the same command, with --resume auto, goes on after the newest checkpoint");
  }

  private Process train(String resume) throws IOException {
    String table = TinyTable.write(SPARK.session(), folder.resolve("images"), 44, Set.of());
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--add-") || argument.startsWith("-D"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx1g",
            "-Dspark.master=local[2]",
            "-Dspark.app.name=interrupted",
            "-Dspark.ui.enabled=false",
            "-Dspark.driver.host=127.0.0.1",
            "-Dspark.driver.bindAddress=127.0.0.1",
            "-Dlog4j2.configurationFile=file:"
                + Path.of("../conf/log4j2.properties").toAbsolutePath().normalize(),
            "-cp",
            LocalSpark.classPath(),
            Main.class.getName(),
            "train",
            "--data",
            table,
            "--run",
            folder.resolve("run").toString(),
            "--resume",
            resume));
    for (String setting : TinyTable.SETTINGS) {
      command.addAll(List.of("--set", setting));
    }
    command.addAll(List.of("--set", "training.epochs=100000"));
    return new ProcessBuilder(command)
        .redirectOutput(folder.resolve("out").toFile())
        .redirectError(folder.resolve("err").toFile())
        .start();
  }

  private void awaitRound(Process training) throws Exception {
    for (int i = 0; i < 600 && !Files.readString(folder.resolve("out")).contains("round 3/"); i++) {
      assertThat(training.isAlive()).as(() -> read("err")).isTrue();
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  /** What was printed after the report of the start. */
  private List<String> lastErrors() {
    List<String> lines = read("err").lines().toList();
    int start = 0;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains("task slot(s)")) {
        start = i + 1;
      }
    }
    return lines.subList(start, lines.size());
  }

  private String read(String name) {
    try {
      return Files.readString(folder.resolve(name));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
