package dev.ddpm.network.block;

import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * The encoding of a timestep by sines and cosines, as a {@link TimeEncoding} says.
 *
 * <p>In a network of float32 tensors every intermediate is rounded to float32, as the reference
 * does: at t = 1000 the sine of an argument rounded once more or less differs by 3e-5.
 */
final class Sinusoid {
  private static final double LOG_PERIOD = StrictMath.log(10_000);

  private final int half;
  private final TimeEncoding encoding;
  private final Precision precision;
  private final Map<Double, double[]> known = new HashMap<>();
  private float[] times = new float[0];
  private double[] values = new double[0];

  /**
   * Encodes timesteps by sines and cosines.
   *
   * @param width length of the encoding, twice the number of frequencies
   * @param encoding their frequencies and order
   * @param precision of the network
   */
  Sinusoid(int width, TimeEncoding encoding, Precision precision) {
    this.half = width / 2;
    this.encoding = encoding;
    this.precision = precision;
  }

  /**
   * Encodes a batch. The sines of a timestep are computed once: there are as many timesteps as a
   * schedule has.
   *
   * @param timesteps (batch, 1)
   * @param encoding receives (batch, width)
   */
  void encode(Tensor timesteps, Tensor encoding) {
    if (times.length != timesteps.length()) {
      times = new float[timesteps.length()];
      values = new double[encoding.length()];
    }
    timesteps.download(times, 0);
    for (int image = 0; image < times.length; image++) {
      double[] row = known.computeIfAbsent((double) times[image], this::encode);
      System.arraycopy(row, 0, values, image * row.length, row.length);
    }
    encoding.upload(values);
  }

  private double[] encode(double t) {
    double[] row = new double[2 * half];
    int sines = encoding.cosinesFirst() ? half : 0;
    int cosines = half - sines;
    for (int i = 0; i < half; i++) {
      double argument = argument(t, i);
      row[sines + i] = StrictMath.sin(argument);
      row[cosines + i] = StrictMath.cos(argument);
    }
    return row;
  }

  private double argument(double t, int i) {
    // a single frequency has no range to be spread over: f_0 = 1
    double step = half == 1 ? 0 : LOG_PERIOD / (half - encoding.frequencyShift());
    if (precision == Precision.FLOAT64) {
      return t * StrictMath.exp(-i * step);
    }
    float exponent = i * (float) -step;
    return (float) t * (float) StrictMath.exp(exponent);
  }
}
