package dev.ddpm.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ddpm.backend.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A process of the check of a card, which may crash without harm for the others: {@code RESULTS
 * CPU-RESULTS STEP}, or {@code RESULTS speed NETWORK}. It writes the file RESULTS, which is whole
 * whenever it is there.
 */
public final class GpuStep {
  private static final double SECONDS = 1.5;

  private GpuStep() {}

  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[0]);
    Results results = new Results();
    CardUnderTest card = CardUnderTest.first();
    if (args[1].equals("speed")) {
      Benchmarked network = Benchmarked.valueOf(args[2]);
      for (Precision precision : Limits.PRECISIONS) {
        SpeedCheck.run(
            card,
            network.name(),
            network.architecture(),
            network.batch(),
            precision,
            SECONDS,
            results);
        write(results, file);
      }
    } else {
      Step.valueOf(args[2]).run(card, Path.of(args[1]), results);
      write(results, file);
    }
    // not before the card's own threads are done: a driver that hangs must not hold this process
    System.exit(0);
  }

  private static void write(Results results, Path file) throws IOException {
    Path unfinished = Path.of(file + ".unfinished");
    new ObjectMapper().writeValue(unfinished.toFile(), results);
    Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING);
  }
}
