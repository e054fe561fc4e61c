package dev.ddpm.backend;

import java.util.HashMap;
import java.util.Map;

/**
 * The encoding of timesteps t by sines and cosines of t·f_i, where f_i = exp(−i · ln 10000 / (half
 * − shift)) and half is the number of frequencies.
 *
 * <p>In a network of float32 tensors every intermediate is rounded to float32, as the reference
 * does: at t = 1000 the sine of an argument rounded once more or less differs by 3e-5.
 */
public final class Sinusoids {
  private static final double LOG_PERIOD = StrictMath.log(10_000);

  private final double[] frequencies;
  private final boolean cosinesFirst;
  private final boolean rounds;
  private final Map<Double, double[]> known = new HashMap<>();
  private float[] times = new float[0];
  private double[] values = new double[0];

  /**
   * Encodes timesteps by sines and cosines.
   *
   * @param width length of the encoding, twice the number of frequencies
   * @param frequencyShift at least 0 and below the number of frequencies
   * @param cosinesFirst whether the cosines stand before the sines
   * @param precision of the network
   */
  public Sinusoids(int width, int frequencyShift, boolean cosinesFirst, Precision precision) {
    this.frequencies = new double[width / 2];
    this.cosinesFirst = cosinesFirst;
    this.rounds = precision != Precision.FLOAT64;
    // a single frequency has no range to be spread over: f_0 = 1
    double step = frequencies.length == 1 ? 0 : LOG_PERIOD / (frequencies.length - frequencyShift);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] =
          rounds ? (float) StrictMath.exp(i * (float) -step) : StrictMath.exp(-i * step);
    }
  }

  /** The frequencies f_i, rounded to float32: for kernels of networks of float32 tensors. */
  public float[] frequencies() {
    float[] rounded = new float[frequencies.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (float) frequencies[i];
    }
    return rounded;
  }

  /** Whether the cosines stand before the sines. */
  public boolean cosinesFirst() {
    return cosinesFirst;
  }

  /**
   * Encodes a batch on the host. The sines of a timestep are computed once: there are as many
   * timesteps as a schedule has.
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
    int half = frequencies.length;
    double[] row = new double[2 * half];
    int sines = cosinesFirst ? half : 0;
    int cosines = half - sines;
    for (int i = 0; i < half; i++) {
      double argument = rounds ? (float) t * (float) frequencies[i] : t * frequencies[i];
      row[sines + i] = StrictMath.sin(argument);
      row[cosines + i] = StrictMath.cos(argument);
    }
    return row;
  }
}
