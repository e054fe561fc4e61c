package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import java.util.Arrays;

/** The division of images by a constant, which often is 1: then nothing is computed. */
final class Scaling {
  private final Engine engine;
  private final Tensor factors;

  /**
   * A division.
   *
   * @param divisor the constant
   * @param batch number of images
   */
  Scaling(Engine engine, double divisor, int batch) {
    this.engine = engine;
    if (divisor == 1) {
      factors = null;
    } else {
      double[] values = new double[batch];
      Arrays.fill(values, 1 / divisor);
      factors = engine.allocate(batch, 1);
      factors.upload(values);
    }
  }

  /** Divides images in place. */
  void apply(Tensor images) {
    if (factors != null) {
      int batch = factors.length();
      engine.kernels().scaleRows(factors, images.reshape(batch, images.length() / batch));
    }
  }

  /** The same of images that stay as they are: in scratch memory, or the images themselves. */
  Tensor scaled(Tensor images) {
    if (factors == null) {
      return images;
    }
    Tensor scaled = engine.scratch("scaled gradient", images.shape());
    engine.kernels().copy(images, scaled);
    apply(scaled);
    return scaled;
  }
}
