package dev.ddpm.spark.train.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.train.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Hundreds of rounds take no more memory than a few. */
class MemoryGrowthTest {
  private static final int ROUNDS = 200;

  /** Of 200 rounds, each of which would leak a state of 0.5 MB, a broadcast or a replica. */
  private static final long MEGABYTES_OF_SLACK = 48;

  @TempDir Path folder;

  @Test
  @EnabledOnOs(OS.LINUX)
  void driverAndExecutorsStayAsLargeAsAfterTheFirstRounds() throws Exception {
    Path out = folder.resolve("out");

    int exitCode =
        ChildJvm.run(
            out,
            240,
            List.of("-Xms768m", "-Xmx768m", "-XX:+AlwaysPreTouch"),
            LongRun.class,
            Integer.toString(ROUNDS));

    assertThat(exitCode).as(Files.readString(out)).isZero();
    long[] early = resident(out, 5);
    long[] late = resident(out, ROUNDS);
    assertThat(early).as("driver and two executors").hasSize(3);
    for (int process = 0; process < early.length; process++) {
      assertThat(late[process] - early[process])
          .as("MB grown by process %d of %s → %s", process, list(early), list(late))
          .isLessThan(MEGABYTES_OF_SLACK);
    }
  }

  private static String list(long[] values) {
    return Arrays.toString(values);
  }

  private static long[] resident(Path out, int round) throws IOException {
    return Files.readAllLines(out).stream()
        .filter(line -> line.startsWith("RSS " + round + " "))
        .findFirst()
        .map(
            line -> Arrays.stream(line.split(" ", -1)).skip(2).mapToLong(Long::parseLong).toArray())
        .orElseThrow();
  }
}
