package dev.ddpm.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.Precision;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A process of the check of a card, which may crash without harm for the others: {@code RESULTS
 * CPU-RESULTS STEP}, or {@code RESULTS speed NETWORK PRECISION}. It writes the file RESULTS.
 */
public final class GpuStep {
  private static final double SECONDS = 1.5;

  private GpuStep() {}

  public static void main(String[] args) throws IOException {
    Results results = new Results();
    CardUnderTest card = CardUnderTest.first();
    if (args[1].equals("speed")) {
      Benchmarked network = Benchmarked.valueOf(args[2]);
      SpeedCheck.run(
          card,
          network.name(),
          network.architecture(),
          network.batch(),
          Precision.valueOf(args[3]),
          SECONDS,
          results);
    } else {
      Step.valueOf(args[2]).run(card, Path.of(args[1]), results);
    }
    new ObjectMapper().writeValue(Path.of(args[0]).toFile(), results);
    // not before the card's own threads are done: a driver that hangs must not hold this process
    System.exit(0);
  }
}
