package dev.ddpm.kernel.vector;

import static dev.ddpm.kernel.vector.Floats.LANES;
import static dev.ddpm.kernel.vector.Floats.SPECIES;

import dev.ddpm.kernel.Dropout;
import dev.ddpm.kernel.GroupNorm;
import dev.ddpm.kernel.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Group normalisation with everything that surrounds it in a residual block, for one number of
 * channels: forward in three passes over an image (sum, squares, result), backward in two.
 */
final class VectorGroupNorm {
  /** Rows whose float32 sums are taken before they are added to the float64 ones. */
  private static final int CHUNK = 128;

  private final ChannelPeriod period;
  private final float[] shift;
  private final float[] gain;
  private final float[] scale;
  private final float[] offset;
  private final float[] constant;
  private final float[] slope;
  private final float[] partial;
  private final double[] sums;
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
  private final ByteBuffer stagedAdded;

  VectorGroupNorm(int channels) {
    period = new ChannelPeriod(channels);
    int length = period.length();
    shift = new float[length];
    gain = new float[length];
    scale = new float[length];
    offset = new float[length];
    constant = new float[length];
    slope = new float[length];
    partial = new float[3 * length];
    sums = new double[channels];
    sumDz = new double[length];
    sumDzXHat = new double[length];
    sumXHat = new double[length];
    channelDz = new double[channels];
    channelDzXHat = new double[channels];
    channelXHat = new double[channels];
    gammaTotal = new double[channels];
    betaTotal = new double[channels];
    stagedX = period.allocate();
    stagedDy = period.allocate();
    stagedOut = period.allocate();
    stagedAdded = period.allocate();
  }

  void forward(
      GroupNorm shape,
      Tensor x,
      Tensor bias,
      Tensor gamma,
      Tensor beta,
      Dropout dropout,
      Tensor keys,
      Tensor y,
      Tensor mean,
      Tensor deviation) {
    int size = shape.imageSize();
    fill(scale, gamma, 0);
    fill(offset, beta, 0);
    for (int image = 0; image < shape.batch(); image++) {
      int base = image * size;
      period.sum(x.bytes(), base, shape.positions(), sums);
      storeMeans(shape, image, bias, mean);
      prepareShift(shape, image, bias, mean);
      period.sumSquares(x.bytes(), base, shape.positions(), shift, sums);
      storeDeviations(shape, image, deviation);
      prepareGain(shape, image, deviation);
      DropoutMask mask = mask(dropout, keys, image);

      int whole = size / period.length();
      normalise(x.bytes(), base, y.bytes(), base, whole, 0, shape.swish(), mask);
      int done = whole * period.length();
      if (done < size) {
        ChannelPeriod.copy(x.bytes(), base + done, stagedX, 0, size - done);
        normalise(stagedX, 0, stagedOut, 0, 1, done, shape.swish(), mask);
        ChannelPeriod.copy(stagedOut, 0, y.bytes(), base + done, size - done);
      }
    }
  }

  private void fill(float[] coefficients, Tensor values, int from) {
    ByteBuffer bytes = values.bytes();
    for (int c = 0; c < period.channels(); c++) {
      coefficients[c] = bytes.getFloat((from + c) << 2);
    }
    period.repeat(coefficients);
  }

  private static float biasAt(Tensor bias, int index) {
    return bias == null ? 0 : bias.bytes().getFloat(index << 2);
  }

  private static DropoutMask mask(Dropout dropout, Tensor keys, int image) {
    return dropout == null ? null : new DropoutMask(dropout, keys.array().getLong(image));
  }

  private void storeMeans(GroupNorm shape, int image, Tensor bias, Tensor mean) {
    int width = shape.groupChannels();
    for (int group = 0; group < shape.groups(); group++) {
      double sum = 0;
      double biasSum = 0;
      for (int c = group * width; c < (group + 1) * width; c++) {
        sum += sums[c];
        biasSum += biasAt(bias, image * shape.channels() + c);
      }
      double groupMean = (sum / shape.positions() + biasSum) / width;
      mean.bytes().putFloat((image * shape.groups() + group) << 2, (float) groupMean);
    }
  }

  private void storeDeviations(GroupNorm shape, int image, Tensor deviation) {
    int width = shape.groupChannels();
    for (int group = 0; group < shape.groups(); group++) {
      double sum = 0;
      for (int c = group * width; c < (group + 1) * width; c++) {
        sum += sums[c];
      }
      double variance = sum / ((double) width * shape.positions());
      deviation
          .bytes()
          .putFloat(
              (image * shape.groups() + group) << 2,
              (float) (1 / Math.sqrt(variance + shape.epsilon())));
    }
  }

  private void prepareShift(GroupNorm shape, int image, Tensor bias, Tensor mean) {
    for (int c = 0; c < shape.channels(); c++) {
      int group = image * shape.groups() + c / shape.groupChannels();
      shift[c] = biasAt(bias, image * shape.channels() + c) - mean.bytes().getFloat(group << 2);
    }
    period.repeat(shift);
  }

  private void prepareGain(GroupNorm shape, int image, Tensor deviation) {
    for (int c = 0; c < shape.channels(); c++) {
      int group = image * shape.groups() + c / shape.groupChannels();
      gain[c] = deviation.bytes().getFloat(group << 2);
    }
    period.repeat(gain);
  }

  private void normalise(
      ByteBuffer x,
      int xBase,
      ByteBuffer y,
      int yBase,
      int rows,
      int element,
      boolean swish,
      DropoutMask mask) {
    int length = period.length();
    for (int row = 0; row < rows; row++) {
      for (int v = 0; v < length; v += LANES) {
        int i = row * length + v;
        FloatVector xHat = xHat(x, xBase + i, v);
        FloatVector z =
            xHat.fma(
                FloatVector.fromArray(SPECIES, scale, v),
                FloatVector.fromArray(SPECIES, offset, v));
        if (swish) {
          z = z.mul(Floats.sigmoid(z));
        }
        if (mask != null) {
          z = mask.apply(z, element + i);
        }
        Floats.store(z, y, yBase + i);
      }
    }
  }

  private FloatVector xHat(ByteBuffer x, int index, int v) {
    return Floats.load(x, index)
        .add(FloatVector.fromArray(SPECIES, shift, v))
        .mul(FloatVector.fromArray(SPECIES, gain, v));
  }

  void backward(
      GroupNorm shape,
      Tensor x,
      Tensor bias,
      Tensor gamma,
      Tensor beta,
      Dropout dropout,
      Tensor keys,
      Tensor mean,
      Tensor deviation,
      Tensor dy,
      Tensor added,
      Tensor dx,
      Tensor dBias,
      Tensor dGamma,
      Tensor dBeta) {
    int size = shape.imageSize();
    int length = period.length();
    int whole = size / length;
    int done = whole * length;
    Arrays.fill(gammaTotal, 0);
    Arrays.fill(betaTotal, 0);
    fill(scale, gamma, 0);
    fill(offset, beta, 0);
    for (int image = 0; image < shape.batch(); image++) {
      int base = image * size;
      prepareShift(shape, image, bias, mean);
      prepareGain(shape, image, deviation);
      DropoutMask mask = mask(dropout, keys, image);

      Arrays.fill(sumDz, 0);
      Arrays.fill(sumDzXHat, 0);
      Arrays.fill(sumXHat, 0);
      for (int row = 0; row < whole; row += CHUNK) {
        int at = base + row * length;
        int rows = Math.min(CHUNK, whole - row);
        activationGradient(
            x.bytes(), dy.bytes(), dx.bytes(), at, rows, row * length, shape.swish(), mask);
        flush(length);
      }
      if (done < size) {
        ChannelPeriod.copy(x.bytes(), base + done, stagedX, 0, size - done);
        ChannelPeriod.copy(dy.bytes(), base + done, stagedDy, 0, size - done);
        activationGradient(stagedX, stagedDy, stagedOut, 0, 1, done, shape.swish(), mask);
        flush(size - done);
      }
      prepareInputGradient(shape, image, dBias);

      inputGradient(x.bytes(), added == null ? null : added.bytes(), dx.bytes(), base, whole);
      if (done < size) {
        if (added != null) {
          ChannelPeriod.copy(added.bytes(), base + done, stagedAdded, 0, size - done);
        }
        inputGradient(stagedX, added == null ? null : stagedAdded, stagedOut, 0, 1);
        ChannelPeriod.copy(stagedOut, 0, dx.bytes(), base + done, size - done);
      }
    }
    for (int c = 0; c < shape.channels(); c++) {
      dGamma.bytes().putFloat(c << 2, (float) gammaTotal[c]);
      dBeta.bytes().putFloat(c << 2, (float) betaTotal[c]);
    }
  }

  /** First pass: dz into {@code dz}, and per position of the period Σ dz, Σ dz·x̂ and Σ x̂. */
  private void activationGradient(
      ByteBuffer x,
      ByteBuffer dy,
      ByteBuffer dz,
      int base,
      int rows,
      int element,
      boolean swish,
      DropoutMask mask) {
    int length = period.length();
    for (int v = 0; v < length; v += LANES) {
      FloatVector shiftHere = FloatVector.fromArray(SPECIES, shift, v);
      FloatVector gainHere = FloatVector.fromArray(SPECIES, gain, v);
      FloatVector scaleHere = FloatVector.fromArray(SPECIES, scale, v);
      FloatVector offsetHere = FloatVector.fromArray(SPECIES, offset, v);
      FloatVector totalDz = Floats.broadcast(0);
      FloatVector totalDzXHat = Floats.broadcast(0);
      FloatVector totalXHat = Floats.broadcast(0);
      for (int row = 0; row < rows; row++) {
        int i = row * length + v;
        FloatVector xHat = Floats.load(x, base + i).add(shiftHere).mul(gainHere);
        FloatVector gradient = Floats.load(dy, base + i);
        if (mask != null) {
          gradient = mask.apply(gradient, element + i);
        }
        if (swish) {
          gradient = gradient.mul(Floats.swishSlope(xHat.fma(scaleHere, offsetHere)));
        }
        totalDz = totalDz.add(gradient);
        totalDzXHat = gradient.fma(xHat, totalDzXHat);
        totalXHat = totalXHat.add(xHat);
        Floats.store(gradient, dz, base + i);
      }
      totalDz.intoArray(partial, v);
      totalDzXHat.intoArray(partial, length + v);
      totalXHat.intoArray(partial, 2 * length + v);
    }
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
   * {@code scale·gain}, {@code constant} and {@code slope}.
   */
  private void prepareInputGradient(GroupNorm shape, int image, Tensor dBias) {
    period.perChannel(sumDz, channelDz);
    period.perChannel(sumDzXHat, channelDzXHat);
    period.perChannel(sumXHat, channelXHat);
    int width = shape.groupChannels();
    double count = (double) width * shape.positions();
    for (int first = 0; first < shape.channels(); first += width) {
      double meanDz = 0;
      double meanDzXHat = 0;
      for (int c = first; c < first + width; c++) {
        gammaTotal[c] += channelDzXHat[c];
        betaTotal[c] += channelDz[c];
        meanDz += scale[c] * channelDz[c];
        meanDzXHat += scale[c] * channelDzXHat[c];
      }
      meanDz /= count;
      meanDzXHat /= count;
      for (int c = first; c < first + width; c++) {
        constant[c] = (float) (gain[c] * meanDz);
        slope[c] = (float) (gain[c] * meanDzXHat);
        if (dBias != null) {
          double sum =
              gain[c]
                  * (scale[c] * channelDz[c]
                      - shape.positions() * meanDz
                      - meanDzXHat * channelXHat[c]);
          dBias.bytes().putFloat((image * shape.channels() + c) << 2, (float) sum);
        }
      }
    }
    period.repeat(constant);
    period.repeat(slope);
  }

  /** Second pass: turns dz into dx in place, adding the residual's gradient if there is one. */
  private void inputGradient(ByteBuffer x, ByteBuffer added, ByteBuffer dx, int base, int rows) {
    int length = period.length();
    for (int row = 0; row < rows; row++) {
      for (int v = 0; v < length; v += LANES) {
        int i = base + row * length + v;
        FloatVector xHat = xHat(x, i, v);
        FloatVector factor =
            FloatVector.fromArray(SPECIES, scale, v).mul(FloatVector.fromArray(SPECIES, gain, v));
        FloatVector removed =
            xHat.fma(
                FloatVector.fromArray(SPECIES, slope, v),
                FloatVector.fromArray(SPECIES, constant, v));
        FloatVector gradient = Floats.load(dx, i).fma(factor, removed.neg());
        if (added != null) {
          gradient = gradient.add(Floats.load(added, i));
        }
        Floats.store(gradient, dx, i);
      }
    }
  }
}
