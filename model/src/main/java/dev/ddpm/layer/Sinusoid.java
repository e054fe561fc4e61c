package dev.ddpm.layer;

import dev.ddpm.kernel.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The encoding of a timestep: [sin(t·f_i), cos(t·f_i)] with f_i = exp(−i · ln 10000 / (half − 1)).
 *
 * <p>In a float32 network every intermediate is rounded to float32, as the reference does: at t =
 * 1000 the sine of an argument rounded once more or less differs by 3e-5.
 */
final class Sinusoid {
  private static final double LOG_PERIOD = StrictMath.log(10_000);

  private final int half;
  private final DataType type;

  /**
   * An encoder.
   *
   * @param width length of the encoding, twice the number of frequencies
   * @param type precision of the network
   */
  Sinusoid(int width, DataType type) {
    this.half = width / 2;
    this.type = type;
  }

  /**
   * Encodes a batch.
   *
   * @param timesteps (batch, 1)
   * @param encoding receives (batch, width)
   */
  void encode(Tensor timesteps, Tensor encoding) {
    int batch = encoding.rows();
    double[] values = new double[batch * 2 * half];
    for (int image = 0; image < batch; image++) {
      double t = timesteps.array().getDouble(image, 0);
      for (int i = 0; i < half; i++) {
        double argument = argument(t, i);
        values[image * 2 * half + i] = StrictMath.sin(argument);
        values[image * 2 * half + half + i] = StrictMath.cos(argument);
      }
    }
    encoding.matrix().assign(Nd4j.createFromArray(values).reshape('c', batch, 2L * half));
  }

  private double argument(double t, int i) {
    // a single frequency has no range to be spread over: f_0 = 1
    double step = half == 1 ? 0 : LOG_PERIOD / (half - 1);
    if (type == DataType.FLOAT) {
      float exponent = i * (float) -step;
      return (float) t * (float) StrictMath.exp(exponent);
    }
    return t * StrictMath.exp(-i * step);
  }
}
