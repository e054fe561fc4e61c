package dev.ddpm.backend.cuda.driver;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.cuda.Device;
import java.nio.file.Path;

/** A process that computes all directions of a convolution twice by the libraries in a folder. */
final class ConvolveOnStubs {
  private ConvolveOnStubs() {}

  /** Takes the folder and the type of factors. */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[0]);
    try (Device device = OpenCard.cards(folder).open(0)) {
      Device.Convolution convolution =
          device.convolution(
              new Device.ConvolutionSizes(2, 8, 8, 8, 16, 3, 1, 1),
              Device.Factors.valueOf(arguments[1]));
      long x = device.allocate(2 * 8 * 8 * 8 * Float.BYTES);
      long weight = device.allocate(16 * 9 * 8 * Float.BYTES);
      long y = device.allocate(2 * 8 * 8 * 16 * Float.BYTES);
      for (int pass = 0; pass < 2; pass++) {
        System.out.println("pass " + pass);
        convolution.forward(x, weight, y);
        convolution.inputGradient(weight, y, x);
        convolution.weightGradient(x, y, weight);
      }
    } catch (DdpmException e) {
      System.out.println(e.category() + ": " + e.getMessage());
    }
  }
}
