package dev.ddpm.backend.cuda.driver;

import dev.ddpm.backend.cuda.Device;
import java.nio.file.Path;

/** A process that records work that fails, and then work that does not. */
final class FailWhileRecording {
  private FailWhileRecording() {}

  /** Takes a folder with libraries. */
  public static void main(String[] arguments) {
    try (Device device = OpenCard.cards(Path.of(arguments[0])).open(0)) {
      try {
        device.record(
            () -> {
              throw new IllegalStateException("the work failed");
            });
      } catch (IllegalStateException e) {
        System.out.println(e.getMessage());
      }
      device.record(() -> {});
      System.out.println("recorded");
    }
  }
}
