package dev.ddpm.spark;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Signals to processes that a test starts. */
public final class Signals {
  private Signals() {}

  /**
   * Skips a test with SIGINT where processes inherit that they ignore it, as from a shell without
   * job control that was told to run the tests by "&".
   *
   * @param signal the signal of the test, such as INT
   */
  public static void assumeNotIgnored(String signal) throws IOException {
    Path status = Path.of("/proc/self/status");
    if (signal.equals("INT") && Files.exists(status)) {
      long ignored =
          Files.readAllLines(status).stream()
              .filter(line -> line.startsWith("SigIgn:"))
              .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
              .sum();
      assumeFalse((ignored >> 1 & 1) == 1, "SIGINT is ignored by what started this test");
    }
  }
}
