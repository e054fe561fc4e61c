package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;

import dev.ddpm.backend.cpu.memory.CpuTensor;

/**
 * Runs over (rows, channels) memory in vectors although the channels need not fill a whole number
 * of them: after lcm(channels, lanes) values, the period, channels and vectors line up again. What
 * depends on the channel is therefore kept one period long, and what remains after the last whole
 * period is a row that ends early.
 */
final class ChannelPeriod {
  private final int channels;
  private final int period;

  ChannelPeriod(int channels) {
    this.channels = channels;
    int divisor = channels;
    for (int rest = LANES; rest != 0; ) {
      int next = divisor % rest;
      divisor = rest;
      rest = next;
    }
    this.period = channels / divisor * LANES;
  }

  int channels() {
    return channels;
  }

  /** Values until channels and vectors line up again, a multiple of both. */
  int length() {
    return period;
  }

  /** Fills one period with a value per channel. */
  void fill(float[] coefficients, CpuTensor values) {
    values.floats().get(0, coefficients, 0, channels);
    repeat(coefficients);
  }

  /** Repeats one period's first {@code channels} values over the rest of it. */
  void repeat(float[] coefficients) {
    for (int i = channels; i < period; i++) {
      coefficients[i] = coefficients[i - channels];
    }
  }

  /** Folds one value per position of the period into one per channel. */
  void perChannel(double[] perPosition, double[] sums) {
    System.arraycopy(perPosition, 0, sums, 0, channels);
    for (int i = channels, c = 0; i < period; i++) {
      sums[c] += perPosition[i];
      c = c + 1 == channels ? 0 : c + 1;
    }
  }
}
