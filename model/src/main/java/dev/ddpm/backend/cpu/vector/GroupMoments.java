package dev.ddpm.backend.cpu.vector;

import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.nio.ByteBuffer;

/**
 * Mean and deviation of the groups of an image. Sums are taken around a pivot per channel, the
 * value at the channel's first position: so squares stay small where the mean is not.
 */
final class GroupMoments {
  private final ChannelPeriod period;
  private final ChannelPeriod blockPeriod = new ChannelPeriod(Layout.BLOCK);
  private final float[] pivot;
  private final float[] blockPivot = new float[blockPeriod.length()];
  private final double[] blockSums = new double[Layout.BLOCK];
  private final double[] blockSquares = new double[Layout.BLOCK];
  private final double[] sums;
  private final double[] squares;
  private final double[] channelMeans;

  GroupMoments(ChannelPeriod period) {
    this.period = period;
    pivot = new float[period.length()];
    sums = new double[period.channels()];
    squares = new double[period.channels()];
    channelMeans = new double[period.channels()];
  }

  /** Takes the sums of x − pivot and of its squares per channel of an image, and the pivots. */
  void read(GroupNorm shape, CpuTensor x, int base) {
    ByteBuffer bytes = x.bytes();
    if (x.layout() == Layout.ROWS) {
      period.fill(pivot, x, base);
      period.moments(bytes, base, shape.positions(), pivot, sums, squares);
      return;
    }
    for (int channel = 0; channel < shape.channels(); channel += Layout.BLOCK) {
      int block = base + channel * shape.positions();
      for (int c = 0; c < Layout.BLOCK; c++) {
        blockPivot[c] = bytes.getFloat((block + c) << 2);
        pivot[channel + c] = blockPivot[c];
      }
      blockPeriod.moments(bytes, block, shape.positions(), blockPivot, blockSums, blockSquares);
      System.arraycopy(blockSums, 0, sums, channel, Layout.BLOCK);
      System.arraycopy(blockSquares, 0, squares, channel, Layout.BLOCK);
    }
  }

  /** Stores mean and 1 / √(variance + ε) of every group of the image that was read. */
  void store(GroupNorm shape, int image, CpuTensor bias, CpuTensor mean, CpuTensor deviation) {
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
