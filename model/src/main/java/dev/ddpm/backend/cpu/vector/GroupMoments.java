package dev.ddpm.backend.cpu.vector;

import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.util.Arrays;

/**
 * Mean and deviation of the groups of an image. Sums are taken around a pivot per channel, the
 * value at the channel's first position: so squares stay small where the mean is not.
 */
final class GroupMoments {
  /** Rows whose float32 sums are taken before they are added to the float64 ones. */
  private static final int ROWS = 128;

  private final ChannelPeriod period;
  private final float[] pivot;
  private final GroupNormLoops.Sums partial;
  private final double[] periodSums;
  private final double[] periodSquares;
  private final double[] sums;
  private final double[] squares;
  private final double[] channelMeans;

  GroupMoments(ChannelPeriod period) {
    this.period = period;
    pivot = new float[period.length()];
    partial = GroupNormLoops.Sums.ofLength(period.length());
    periodSums = new double[period.length()];
    periodSquares = new double[period.length()];
    sums = new double[period.channels()];
    squares = new double[period.channels()];
    channelMeans = new double[period.channels()];
  }

  /** Takes the sums of x − pivot and of its squares over rows of an image. */
  void add(RowChunk x, GroupNorm shape, int row) {
    int length = period.length();
    if (row == 0) {
      Arrays.fill(periodSums, 0);
      Arrays.fill(periodSquares, 0);
      System.arraycopy(x.values(), AlignedArray.FIRST, pivot, 0, period.channels());
      period.repeat(pivot);
    }
    for (int first = 0; first < x.rows(); first += ROWS) {
      GroupNormLoops.moments(x, first, Math.min(ROWS, x.rows() - first), pivot, partial);
      int count = Math.min(length, shape.imageSize() - (row + first) * length);
      for (int i = 0; i < count; i++) {
        periodSums[i] += partial.first()[i];
        periodSquares[i] += partial.second()[i];
      }
    }
  }

  /** Stores mean and 1 / √(variance + ε) of every group of the image whose rows were added. */
  void store(GroupNorm shape, int image, CpuTensor bias, CpuTensor mean, CpuTensor deviation) {
    period.perChannel(periodSums, sums);
    period.perChannel(periodSquares, squares);
    int width = shape.groupChannels();
    double positions = shape.positions();
    for (int group = 0; group < shape.groups(); group++) {
      int first = group * width;
      double groupMean = 0;
      for (int c = first; c < first + width; c++) {
        channelMeans[c] =
            pivot[c] + sums[c] / positions + biasAt(bias, image * shape.channels() + c);
        groupMean += channelMeans[c] / width;
      }
      double sum = 0;
      for (int c = first; c < first + width; c++) {
        double distance = channelMeans[c] - groupMean;
        sum += squares[c] - sums[c] * sums[c] / positions + positions * distance * distance;
      }
      double variance = sum / (width * positions);
      int index = (image * shape.groups() + group) << 2;
      mean.bytes().putFloat(index, (float) groupMean);
      deviation.bytes().putFloat(index, (float) (1 / Math.sqrt(variance + shape.epsilon())));
    }
  }

  /** A value of the bias per image and channel that is added before the norm; 0 without one. */
  static float biasAt(CpuTensor bias, int index) {
    return bias == null ? 0 : bias.bytes().getFloat(index << 2);
  }
}
