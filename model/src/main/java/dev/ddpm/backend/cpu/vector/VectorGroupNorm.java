package dev.ddpm.backend.cpu.vector;

import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import dev.ddpm.backend.cpu.vector.GroupNormLoops.Coefficients;
import dev.ddpm.backend.cpu.vector.GroupNormLoops.Sums;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Group normalisation with everything that surrounds it in a residual block, for one number of
 * channels: forward in two passes over an image (moments, result), backward in two.
 *
 * <p>Small images of whole periods are read once and kept for the second pass. Others are read in
 * chunks that stay in the nearest cache, twice.
 */
final class VectorGroupNorm {
  /** Values of an image up to which it is kept from pass to pass: 256 KiB, and of its gradient. */
  private static final int KEPT = 1 << 16;

  /** Values whose float32 sums are taken before they are added to the float64 ones: 16 KiB. */
  private static final int SUMMED = 1 << 12;

  /** Arrays for images and for their results, which the group norms of one thread share. */
  record Memory(float[] images, float[] results) {
    static Memory allocate() {
      return new Memory(AlignedArray.of(KEPT), AlignedArray.of(KEPT));
    }
  }

  private final ChannelPeriod period;
  private final GroupMoments moments;
  private final Coefficients coefficients;
  private final Sums partial;
  private final RowChunk images;
  private final RowChunk results;
  private final int rowsPerSum;
  private final double[] sumDz;
  private final double[] sumDzXHat;
  private final double[] sumXHat;
  private final double[] channelDz;
  private final double[] channelDzXHat;
  private final double[] channelXHat;
  private final double[] gammaTotal;
  private final double[] betaTotal;

  /** Whole rows of an image of the shape at hand; what remains is a row that ends early. */
  private int whole;

  /** All rows of such an image. */
  private int all;

  /** Whether such an image is kept. */
  private boolean kept;

  VectorGroupNorm(int channels, Memory memory) {
    period = new ChannelPeriod(channels);
    int length = period.length();
    moments = new GroupMoments(period);
    coefficients = Coefficients.ofLength(length);
    partial = Sums.ofLength(length);
    images = new RowChunk(length, memory.images());
    results = new RowChunk(length, memory.results());
    rowsPerSum = Math.max(1, SUMMED / length);
    sumDz = new double[length];
    sumDzXHat = new double[length];
    sumXHat = new double[length];
    channelDz = new double[channels];
    channelDzXHat = new double[channels];
    channelXHat = new double[channels];
    gammaTotal = new double[channels];
    betaTotal = new double[channels];
  }

  private void begin(VectorGroupNormOp op) {
    int size = op.shape().imageSize();
    whole = size / period.length();
    all = (size + period.length() - 1) / period.length();
    kept = whole == all && size <= KEPT;
    period.fill(coefficients.scale(), op.gamma());
    period.fill(coefficients.offset(), op.beta());
  }

  /** Rows of the chunk that begins with a row. One that ends early is a chunk of its own. */
  private int rowsFrom(int row) {
    if (kept) {
      return whole;
    }
    return row < whole ? Math.min(rowsPerSum, whole - row) : 1;
  }

  void forward(VectorGroupNormOp op, CpuTensor x, CpuTensor bias, CpuTensor keys, CpuTensor y) {
    GroupNorm shape = op.shape();
    begin(op);
    Coefficients c = coefficients;
    for (int image = 0; image < shape.batch(); image++) {
      for (int row = 0; row < all; row += rowsFrom(row)) {
        images.read(x, shape, image, row, rowsFrom(row));
        moments.add(images, shape, row);
      }
      moments.store(shape, image, bias, op.mean(), op.deviation());
      prepareShift(shape, image, bias, op.mean());
      prepareGain(shape, image, op.deviation());
      for (int i = 0; i < period.length(); i++) {
        c.factor()[i] = c.gain()[i] * c.scale()[i];
        c.constant()[i] = c.shift()[i] * c.factor()[i] + c.offset()[i];
      }
      for (int row = 0; row < all; row += rowsFrom(row)) {
        if (!kept) {
          images.read(x, shape, image, row, rowsFrom(row));
        }
        results.arrange(rowsFrom(row));
        if (shape.swish()) {
          GroupNormLoops.swish(images, results, c);
        } else {
          GroupNormLoops.affine(images, results, c);
        }
        if (op.dropout() != null) {
          int element = row * period.length();
          DropoutMask.apply(op.dropout(), key(keys, image), element, results, 0, results.rows());
        }
        results.write(y, shape, image, row);
      }
    }
  }

  private static long key(CpuTensor keys, int image) {
    return keys == null ? 0 : keys.bytes().getLong(image << 3);
  }

  private void prepareShift(GroupNorm shape, int image, CpuTensor bias, CpuTensor mean) {
    for (int c = 0; c < shape.channels(); c++) {
      int group = image * shape.groups() + c / shape.groupChannels();
      coefficients.shift()[c] =
          GroupMoments.biasAt(bias, image * shape.channels() + c)
              - mean.bytes().getFloat(group << 2);
    }
    period.repeat(coefficients.shift());
  }

  private void prepareGain(GroupNorm shape, int image, CpuTensor deviation) {
    for (int c = 0; c < shape.channels(); c++) {
      int group = image * shape.groups() + c / shape.groupChannels();
      coefficients.gain()[c] = deviation.bytes().getFloat(group << 2);
    }
    period.repeat(coefficients.gain());
  }

  void backward(
      VectorGroupNormOp op,
      CpuTensor x,
      CpuTensor bias,
      CpuTensor keys,
      CpuTensor dy,
      CpuTensor added,
      CpuTensor dx,
      CpuTensor dBias) {
    GroupNorm shape = op.shape();
    begin(op);
    Arrays.fill(gammaTotal, 0);
    Arrays.fill(betaTotal, 0);
    for (int image = 0; image < shape.batch(); image++) {
      prepareShift(shape, image, bias, op.mean());
      prepareGain(shape, image, op.deviation());
      prepareActivationGradient();
      for (int row = 0; row < all; row += rowsFrom(row)) {
        images.read(x, shape, image, row, rowsFrom(row));
        results.read(dy, shape, image, row, rowsFrom(row));
        activationGradient(op, keys, image, row);
        if (!kept) {
          results.write(dx, shape, image, row);
        }
      }
      prepareInputGradient(shape, image, dBias);
      for (int row = 0; row < all; row += rowsFrom(row)) {
        if (!kept) {
          images.read(x, shape, image, row, rowsFrom(row));
          results.read(dx, shape, image, row, rowsFrom(row));
        }
        GroupNormLoops.inputGradient(images, results, coefficients);
        if (added != null) {
          // what was dz is of no more use
          results.read(added, shape, image, row, rowsFrom(row));
          images.add(results);
        }
        images.write(dx, shape, image, row);
      }
    }
    ByteBuffer dGamma = op.dGamma().bytes();
    ByteBuffer dBeta = op.dBeta().bytes();
    for (int c = 0; c < shape.channels(); c++) {
      dGamma.putFloat(c << 2, (float) gammaTotal[c]);
      dBeta.putFloat(c << 2, (float) betaTotal[c]);
    }
  }

  /** The negative z is what e^x is taken of. */
  private void prepareActivationGradient() {
    Coefficients c = coefficients;
    for (int i = 0; i < period.length(); i++) {
      c.shift()[i] *= c.gain()[i];
      c.factor()[i] = -c.gain()[i] * c.scale()[i];
      c.constant()[i] = -(c.shift()[i] * c.scale()[i] + c.offset()[i]);
    }
    Arrays.fill(sumDz, 0);
    Arrays.fill(sumDzXHat, 0);
    Arrays.fill(sumXHat, 0);
  }

  /**
   * First pass over a chunk: dz in place of dy, and per position of the period Σ dz, Σ dz·x̂ and Σ
   * x̂.
   */
  private void activationGradient(VectorGroupNormOp op, CpuTensor keys, int image, int row) {
    GroupNorm shape = op.shape();
    int length = period.length();
    for (int first = 0; first < images.rows(); first += rowsPerSum) {
      int rows = Math.min(rowsPerSum, images.rows() - first);
      if (op.dropout() != null) {
        DropoutMask.apply(op.dropout(), key(keys, image), row * length, results, first, rows);
      }
      if (shape.swish()) {
        GroupNormLoops.throughSwish(images, results, first, rows, coefficients, partial);
      } else {
        GroupNormLoops.throughAffine(images, results, first, rows, coefficients, partial);
      }
      int count = Math.min(length, shape.imageSize() - (row + first) * length);
      for (int i = 0; i < count; i++) {
        sumDz[i] += partial.first()[i];
        sumDzXHat[i] += partial.second()[i];
        sumXHat[i] += partial.third()[i];
      }
    }
  }

  /**
   * dx = r·γ·dz − r·(mean(γ·dz) + x̂·mean(γ·dz·x̂)), the means being over a group, as coefficients
   * of dz, x and 1: {@code factor}, {@code slope} and {@code constant}.
   */
  private void prepareInputGradient(GroupNorm shape, int image, CpuTensor dBias) {
    float[] gain = coefficients.gain();
    float[] scale = coefficients.scale();
    float[] factor = coefficients.factor();
    float[] slope = coefficients.slope();
    float[] constant = coefficients.constant();
    period.perChannel(sumDz, channelDz);
    period.perChannel(sumDzXHat, channelDzXHat);
    period.perChannel(sumXHat, channelXHat);
    int width = shape.groupChannels();
    double count = (double) width * shape.positions();
    for (int first = 0; first < shape.channels(); first += width) {
      double meanDz = 0;
      double meanDzXHat = 0;
      double meanXHat = 0;
      for (int c = first; c < first + width; c++) {
        gammaTotal[c] += channelDzXHat[c];
        betaTotal[c] += channelDz[c];
        meanDz += scale[c] * channelDz[c];
        meanDzXHat += scale[c] * channelDzXHat[c];
        meanXHat += channelXHat[c];
      }
      meanDz /= count;
      meanDzXHat /= count;
      // zero but for the rounding of mean and deviation, which would be most of a small gradient
      meanXHat /= width;
      for (int c = first; c < first + width; c++) {
        factor[c] = gain[c] * scale[c];
        slope[c] = (float) (-gain[c] * gain[c] * meanDzXHat);
        constant[c] = (float) (-gain[c] * (meanDz + coefficients.shift()[c] * meanDzXHat));
        if (dBias != null) {
          double sum =
              gain[c]
                  * (scale[c] * channelDz[c]
                      - shape.positions() * meanDz
                      - meanDzXHat * (channelXHat[c] - meanXHat));
          dBias.bytes().putFloat((image * shape.channels() + c) << 2, (float) sum);
        }
      }
    }
    period.repeat(factor);
    period.repeat(slope);
    period.repeat(constant);
  }
}
