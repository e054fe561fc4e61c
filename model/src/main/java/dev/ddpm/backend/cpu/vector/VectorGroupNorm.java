package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Group normalisation with everything that surrounds it in a residual block, for one number of
 * channels: forward in two passes over an image (moments, result), backward in two.
 *
 * <p>A pass is a chain of short loops over a chunk that stays in the nearest cache. One loop with
 * the choices inside would make the compiler keep vectors as objects where the branches meet. Where
 * several loops follow each other they run over arrays: a loop over memory reads its bounds and its
 * address anew for every vector.
 */
final class VectorGroupNorm {
  /** Values of a chunk: 16 KiB of each array. */
  private static final int CHUNK = 4096;

  private final ChannelPeriod period;
  private final GroupMoments moments;
  private final int rowsPerChunk;
  private final float[] shift;
  private final float[] gain;
  private final float[] scale;
  private final float[] offset;
  private final float[] factor;
  private final float[] constant;
  private final float[] slope;
  private final float[] partial;
  private final float[] exponential;
  private final float[] values;
  private final double[] sumDz;
  private final double[] sumDzXHat;
  private final double[] sumXHat;
  private final double[] channelDz;
  private final double[] channelDzXHat;
  private final double[] channelXHat;
  private final double[] gammaTotal;
  private final double[] betaTotal;
  private final ByteBuffer stagedX;
  private final ByteBuffer stagedDy;
  private final ByteBuffer stagedOut;

  VectorGroupNorm(int channels) {
    period = new ChannelPeriod(channels);
    moments = new GroupMoments(period);
    int length = period.length();
    rowsPerChunk = Math.max(1, CHUNK / length);
    shift = new float[length];
    gain = new float[length];
    scale = new float[length];
    offset = new float[length];
    factor = new float[length];
    constant = new float[length];
    slope = new float[length];
    partial = new float[3 * length];
    exponential = new float[rowsPerChunk * length];
    values = new float[rowsPerChunk * length];
    sumDz = new double[length];
    sumDzXHat = new double[length];
    sumXHat = new double[length];
    channelDz = new double[channels];
    channelDzXHat = new double[channels];
    channelXHat = new double[channels];
    gammaTotal = new double[channels];
    betaTotal = new double[channels];
    stagedX = period.allocate(rowsPerChunk);
    stagedDy = period.allocate(rowsPerChunk);
    stagedOut = period.allocate(rowsPerChunk);
  }

  void forward(VectorGroupNormOp op, CpuTensor x, CpuTensor bias, CpuTensor keys, CpuTensor y) {
    GroupNorm shape = op.shape();
    Dropout dropout = op.dropout();
    int size = shape.imageSize();
    period.fill(scale, op.gamma(), 0);
    period.fill(offset, op.beta(), 0);
    for (int image = 0; image < shape.batch(); image++) {
      int base = image * size;
      moments.read(shape, x, base);
      moments.store(shape, image, bias, op.mean(), op.deviation());
      prepareShift(shape, image, bias, op.mean());
      prepareGain(shape, image, op.deviation());
      for (int i = 0; i < period.length(); i++) {
        factor[i] = gain[i] * scale[i];
        constant[i] = shift[i] * factor[i] + offset[i];
      }
      long key = key(keys, image);

      int length = period.length();
      int whole = size / length;
      for (int row = 0; row < whole; row += rowsPerChunk) {
        int at = row * length;
        int rows = Math.min(rowsPerChunk, whole - row);
        int count = rows * length;
        ByteBuffer source = chunk(shape, x, base, row, rows, stagedX);
        FloatVectors.read(source, chunkBase(x, base + at), count, values);
        activate(shape, dropout, key, at, rows);
        FloatVectors.write(values, count, target(y), chunkBase(y, base + at));
        store(shape, y, base, row, rows);
      }
      int done = whole * length;
      if (done < size) {
        FloatVectors.read(x.bytes(), base + done, size - done, values);
        activate(shape, dropout, key, done, 1);
        FloatVectors.write(values, size - done, y.bytes(), base + done);
      }
    }
  }

  private void activate(GroupNorm shape, Dropout dropout, long key, int element, int rows) {
    int length = period.length();
    int count = rows * length;
    affine(values, rows, length, factor, constant, values);
    if (shape.swish()) {
      Exponential.swish(values, count);
    }
    if (dropout != null) {
      DropoutMask.apply(dropout, key, element, values, count);
    }
  }

  /** Where rows of an image are read: where they lie, or in a copy if they lie in blocks. */
  private ByteBuffer chunk(
      GroupNorm shape, CpuTensor images, int base, int row, int rows, ByteBuffer staged) {
    if (images.layout() == Layout.ROWS) {
      return images.bytes();
    }
    ChannelBlocks.toRows(
        images.bytes(), base, shape.positions(), shape.channels(), row, rows, staged);
    return staged;
  }

  private static int chunkBase(CpuTensor images, int base) {
    return images.layout() == Layout.ROWS ? base : 0;
  }

  /** Where rows of a result are written before {@link #store}. */
  private ByteBuffer target(CpuTensor images) {
    return images.layout() == Layout.ROWS ? images.bytes() : stagedOut;
  }

  private void store(GroupNorm shape, CpuTensor images, int base, int row, int rows) {
    if (images.layout() == Layout.BLOCKS) {
      ChannelBlocks.toBlocks(
          stagedOut, images.bytes(), base, shape.positions(), shape.channels(), row, rows);
    }
  }

  private static long key(CpuTensor keys, int image) {
    return keys == null ? 0 : keys.bytes().getLong(image << 3);
  }

  private void prepareShift(GroupNorm shape, int image, CpuTensor bias, CpuTensor mean) {
    for (int c = 0; c < shape.channels(); c++) {
      int group = image * shape.groups() + c / shape.groupChannels();
      shift[c] =
          GroupMoments.biasAt(bias, image * shape.channels() + c)
              - mean.bytes().getFloat(group << 2);
    }
    period.repeat(shift);
  }

  private void prepareGain(GroupNorm shape, int image, CpuTensor deviation) {
    for (int c = 0; c < shape.channels(); c++) {
      int group = image * shape.groups() + c / shape.groupChannels();
      gain[c] = deviation.bytes().getFloat(group << 2);
    }
    period.repeat(gain);
  }

  private static void affine(
      float[] x, int rows, int length, float[] factor, float[] constant, float[] result) {
    for (int row = 0; row < rows; row++) {
      for (int v = 0; v < length; v += LANES) {
        int i = row * length + v;
        fromArray(SPECIES, x, i)
            .fma(fromArray(SPECIES, factor, v), fromArray(SPECIES, constant, v))
            .intoArray(result, i);
      }
    }
  }

  private static void affine(
      ByteBuffer x,
      int base,
      int rows,
      int length,
      float[] factor,
      float[] constant,
      float[] result) {
    for (int row = 0; row < rows; row++) {
      for (int v = 0; v < length; v += LANES) {
        int i = row * length + v;
        fromByteBuffer(SPECIES, x, (base + i) << 2, ORDER)
            .fma(fromArray(SPECIES, factor, v), fromArray(SPECIES, constant, v))
            .intoArray(result, i);
      }
    }
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
    Dropout dropout = op.dropout();
    int size = shape.imageSize();
    int length = period.length();
    int whole = size / length;
    int done = whole * length;
    Arrays.fill(gammaTotal, 0);
    Arrays.fill(betaTotal, 0);
    period.fill(scale, op.gamma(), 0);
    period.fill(offset, op.beta(), 0);
    for (int image = 0; image < shape.batch(); image++) {
      int base = image * size;
      prepareShift(shape, image, bias, op.mean());
      prepareGain(shape, image, op.deviation());
      for (int i = 0; i < length; i++) {
        shift[i] *= gain[i];
        factor[i] = -gain[i] * scale[i];
        constant[i] = -(shift[i] * scale[i] + offset[i]);
      }
      long key = key(keys, image);

      Arrays.fill(sumDz, 0);
      Arrays.fill(sumDzXHat, 0);
      Arrays.fill(sumXHat, 0);
      for (int row = 0; row < whole; row += rowsPerChunk) {
        int at = row * length;
        int rows = Math.min(rowsPerChunk, whole - row);
        ByteBuffer source = chunk(shape, x, base, row, rows, stagedX);
        ByteBuffer gradient = chunk(shape, dy, base, row, rows, stagedDy);
        activationGradient(
            shape,
            dropout,
            key,
            source,
            chunkBase(x, base + at),
            gradient,
            chunkBase(dy, base + at),
            target(dx),
            chunkBase(dx, base + at),
            rows,
            at);
        store(shape, dx, base, row, rows);
        flush(length);
      }
      if (done < size) {
        ChannelPeriod.copy(x.bytes(), base + done, stagedX, 0, size - done);
        ChannelPeriod.copy(dy.bytes(), base + done, stagedDy, 0, size - done);
        activationGradient(shape, dropout, key, stagedX, 0, stagedDy, 0, stagedOut, 0, 1, done);
        flush(size - done);
      }
      prepareInputGradient(shape, image, dBias);

      for (int row = 0; row < whole; row += rowsPerChunk) {
        int at = row * length;
        int rows = Math.min(rowsPerChunk, whole - row);
        ByteBuffer source = chunk(shape, x, base, row, rows, stagedX);
        ByteBuffer gradient = chunk(shape, dx, base, row, rows, stagedOut);
        inputGradient(source, chunkBase(x, base + at), gradient, chunkBase(dx, base + at), rows);
        store(shape, dx, base, row, rows);
      }
      if (done < size) {
        inputGradient(stagedX, 0, stagedOut, 0, 1);
        ChannelPeriod.copy(stagedOut, 0, dx.bytes(), base + done, size - done);
      }
      if (added != null) {
        FloatVectors.add(added.bytes(), base, dx.bytes(), base, size);
      }
    }
    ByteBuffer dGamma = op.dGamma().bytes();
    ByteBuffer dBeta = op.dBeta().bytes();
    for (int c = 0; c < shape.channels(); c++) {
      dGamma.putFloat(c << 2, (float) gammaTotal[c]);
      dBeta.putFloat(c << 2, (float) betaTotal[c]);
    }
  }

  /** First pass: dz into {@code dz}, and per position of the period Σ dz, Σ dz·x̂ and Σ x̂. */
  private void activationGradient(
      GroupNorm shape,
      Dropout dropout,
      long key,
      ByteBuffer x,
      int xBase,
      ByteBuffer dy,
      int dyBase,
      ByteBuffer dz,
      int dzBase,
      int rows,
      int element) {
    int length = period.length();
    ByteBuffer gradient = dy;
    int gradientBase = dyBase;
    if (dropout != null) {
      FloatVectors.read(dy, dyBase, rows * length, values);
      DropoutMask.apply(dropout, key, element, values, rows * length);
      FloatVectors.write(values, rows * length, dz, dzBase);
      gradient = dz;
      gradientBase = dzBase;
    }
    if (shape.swish()) {
      affine(x, xBase, rows, length, factor, constant, exponential);
      Exponential.apply(exponential, rows * length);
    }
    for (int v = 0; v < length; v += LANES) {
      if (shape.swish()) {
        throughSwish(x, xBase + v, gradient, gradientBase + v, dz, dzBase + v, rows, v);
      } else {
        unchanged(x, xBase + v, gradient, gradientBase + v, dz, dzBase + v, rows, v);
      }
    }
  }

  private void throughSwish(
      ByteBuffer x,
      int xBase,
      ByteBuffer dy,
      int dyBase,
      ByteBuffer dz,
      int dzBase,
      int rows,
      int v) {
    int length = period.length();
    FloatVector shiftHere = fromArray(SPECIES, shift, v);
    FloatVector gainHere = fromArray(SPECIES, gain, v);
    FloatVector scaleHere = fromArray(SPECIES, scale, v);
    FloatVector offsetHere = fromArray(SPECIES, offset, v);
    FloatVector totalDz = broadcast(SPECIES, 0);
    FloatVector totalDzXHat = broadcast(SPECIES, 0);
    FloatVector totalXHat = broadcast(SPECIES, 0);
    for (int row = 0; row < rows; row++) {
      int i = row * length;
      FloatVector xHat =
          fromByteBuffer(SPECIES, x, (xBase + i) << 2, ORDER).fma(gainHere, shiftHere);
      FloatVector z = xHat.fma(scaleHere, offsetHere);
      FloatVector denominator = fromArray(SPECIES, exponential, row * length + v).add(1);
      FloatVector sigmoid = broadcast(SPECIES, 1).div(denominator);
      FloatVector slopeHere = z.mul(sigmoid).fma(broadcast(SPECIES, 1).sub(sigmoid), sigmoid);
      FloatVector gradient = fromByteBuffer(SPECIES, dy, (dyBase + i) << 2, ORDER).mul(slopeHere);
      totalDz = totalDz.add(gradient);
      totalDzXHat = gradient.fma(xHat, totalDzXHat);
      totalXHat = totalXHat.add(xHat);
      gradient.intoByteBuffer(dz, (dzBase + i) << 2, ORDER);
    }
    totalDz.intoArray(partial, v);
    totalDzXHat.intoArray(partial, length + v);
    totalXHat.intoArray(partial, 2 * length + v);
  }

  private void unchanged(
      ByteBuffer x,
      int xBase,
      ByteBuffer dy,
      int dyBase,
      ByteBuffer dz,
      int dzBase,
      int rows,
      int v) {
    int length = period.length();
    FloatVector shiftHere = fromArray(SPECIES, shift, v);
    FloatVector gainHere = fromArray(SPECIES, gain, v);
    FloatVector totalDz = broadcast(SPECIES, 0);
    FloatVector totalDzXHat = broadcast(SPECIES, 0);
    FloatVector totalXHat = broadcast(SPECIES, 0);
    for (int row = 0; row < rows; row++) {
      int i = row * length;
      FloatVector xHat =
          fromByteBuffer(SPECIES, x, (xBase + i) << 2, ORDER).fma(gainHere, shiftHere);
      FloatVector gradient = fromByteBuffer(SPECIES, dy, (dyBase + i) << 2, ORDER);
      totalDz = totalDz.add(gradient);
      totalDzXHat = gradient.fma(xHat, totalDzXHat);
      totalXHat = totalXHat.add(xHat);
      gradient.intoByteBuffer(dz, (dzBase + i) << 2, ORDER);
    }
    totalDz.intoArray(partial, v);
    totalDzXHat.intoArray(partial, length + v);
    totalXHat.intoArray(partial, 2 * length + v);
  }

  private void flush(int count) {
    int length = period.length();
    for (int i = 0; i < count; i++) {
      sumDz[i] += partial[i];
      sumDzXHat[i] += partial[length + i];
      sumXHat[i] += partial[2 * length + i];
    }
  }

  /**
   * dx = r·γ·dz − r·(mean(γ·dz) + x̂·mean(γ·dz·x̂)), the means being over a group, as coefficients
   * of dz, x and 1: {@code factor}, {@code slope} and {@code constant}.
   */
  private void prepareInputGradient(GroupNorm shape, int image, CpuTensor dBias) {
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
        constant[c] = (float) (-gain[c] * (meanDz + shift[c] * meanDzXHat));
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

  /** Second pass: turns dz into dx in place. */
  private void inputGradient(ByteBuffer x, int xBase, ByteBuffer dx, int dxBase, int rows) {
    int length = period.length();
    for (int row = 0; row < rows; row++) {
      for (int v = 0; v < length; v += LANES) {
        int i = row * length + v;
        FloatVector rest =
            fromByteBuffer(SPECIES, x, (xBase + i) << 2, ORDER)
                .fma(fromArray(SPECIES, slope, v), fromArray(SPECIES, constant, v));
        FloatVector gradient =
            fromByteBuffer(SPECIES, dx, (dxBase + i) << 2, ORDER)
                .fma(fromArray(SPECIES, factor, v), rest);
        gradient.intoByteBuffer(dx, (dxBase + i) << 2, ORDER);
      }
    }
  }
}
