package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.AlignedArray.FIRST;
import static dev.ddpm.backend.cpu.vector.Exponential.C1;
import static dev.ddpm.backend.cpu.vector.Exponential.C2;
import static dev.ddpm.backend.cpu.vector.Exponential.C3;
import static dev.ddpm.backend.cpu.vector.Exponential.C4;
import static dev.ddpm.backend.cpu.vector.Exponential.C5;
import static dev.ddpm.backend.cpu.vector.Exponential.LIMIT;
import static dev.ddpm.backend.cpu.vector.Exponential.LOG2_E;
import static dev.ddpm.backend.cpu.vector.Exponential.ROUNDER;
import static dev.ddpm.backend.cpu.vector.Exponential.SIGN;
import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The passes of a group normalisation over rows of an image: down every column of vectors, so that
 * what depends on the channel stays in registers.
 *
 * <p>e^x is written out where it is used, as {@link Exponential} has it: a function of a vector
 * that the compiler does not inline has objects for arguments, and an array between two loops costs
 * a seventh of a pass.
 */
final class GroupNormLoops {

  /**
   * What a pass multiplies with and adds, each for one {@link ChannelPeriod}.
   *
   * @param gain x̂ = gain·x + shift
   * @param shift see {@code gain}
   * @param scale z = scale·x̂ + offset
   * @param offset see {@code scale}
   * @param factor of x: z, or −z in a backward pass, is factor·x + constant; of dz in the last one
   * @param constant see {@code factor}
   * @param slope of x in the last pass: dx = factor·dz + slope·x + constant
   */
  record Coefficients(
      float[] gain,
      float[] shift,
      float[] scale,
      float[] offset,
      float[] factor,
      float[] constant,
      float[] slope) {

    static Coefficients ofLength(int length) {
      return new Coefficients(
          new float[length],
          new float[length],
          new float[length],
          new float[length],
          new float[length],
          new float[length],
          new float[length]);
    }
  }

  /**
   * Sums of float32, each for one {@link ChannelPeriod}.
   *
   * @param first Σ (x − pivot), or Σ dz
   * @param second Σ (x − pivot)², or Σ dz·x̂
   * @param third nothing, or Σ x̂
   */
  record Sums(float[] first, float[] second, float[] third) {

    static Sums ofLength(int length) {
      return new Sums(new float[length], new float[length], new float[length]);
    }
  }

  private GroupNormLoops() {}

  /** Two columns at a time, so that four sums grow side by side. */
  static void moments(RowChunk x, int first, int rows, float[] pivot, Sums sums) {
    float[] values = x.values();
    int length = x.length();
    int v = 0;
    for (; v + LANES < length; v += 2 * LANES) {
      int left = FIRST + first * length + v;
      FloatVector pivotLeft = fromArray(SPECIES, pivot, v);
      FloatVector pivotRight = fromArray(SPECIES, pivot, v + LANES);
      FloatVector sumLeft = broadcast(SPECIES, 0);
      FloatVector sumRight = broadcast(SPECIES, 0);
      FloatVector squaresLeft = broadcast(SPECIES, 0);
      FloatVector squaresRight = broadcast(SPECIES, 0);
      for (int row = 0; row < rows; row++) {
        FloatVector a = fromArray(SPECIES, values, left + row * length).sub(pivotLeft);
        FloatVector b = fromArray(SPECIES, values, left + LANES + row * length).sub(pivotRight);
        sumLeft = sumLeft.add(a);
        sumRight = sumRight.add(b);
        squaresLeft = a.fma(a, squaresLeft);
        squaresRight = b.fma(b, squaresRight);
      }
      sumLeft.intoArray(sums.first, v);
      sumRight.intoArray(sums.first, v + LANES);
      squaresLeft.intoArray(sums.second, v);
      squaresRight.intoArray(sums.second, v + LANES);
    }
    if (v < length) {
      int at = FIRST + first * length + v;
      FloatVector pivotHere = fromArray(SPECIES, pivot, v);
      FloatVector sum = broadcast(SPECIES, 0);
      FloatVector squares = broadcast(SPECIES, 0);
      for (int row = 0; row < rows; row++) {
        FloatVector difference = fromArray(SPECIES, values, at + row * length).sub(pivotHere);
        sum = sum.add(difference);
        squares = difference.fma(difference, squares);
      }
      sum.intoArray(sums.first, v);
      squares.intoArray(sums.second, v);
    }
  }

  /** y = z. */
  static void affine(RowChunk x, RowChunk y, Coefficients c) {
    float[] from = x.values();
    float[] to = y.values();
    int length = x.length();
    for (int v = 0; v < length; v += LANES) {
      int at = FIRST + v;
      FloatVector factor = fromArray(SPECIES, c.factor, v);
      FloatVector constant = fromArray(SPECIES, c.constant, v);
      for (int row = 0; row < x.rows(); row++) {
        fromArray(SPECIES, from, at + row * length)
            .fma(factor, constant)
            .intoArray(to, at + row * length);
      }
    }
  }

  /** y = z·σ(z). */
  static void swish(RowChunk x, RowChunk y, Coefficients c) {
    float[] from = x.values();
    float[] to = y.values();
    int length = x.length();
    for (int v = 0; v < length; v += LANES) {
      int at = FIRST + v;
      FloatVector factor = fromArray(SPECIES, c.factor, v);
      FloatVector constant = fromArray(SPECIES, c.constant, v);
      for (int row = 0; row < x.rows(); row++) {
        FloatVector z = fromArray(SPECIES, from, at + row * length).fma(factor, constant);
        IntVector bits = z.neg().reinterpretAsInts();
        FloatVector n = bits.and(~SIGN).min(LIMIT).or(bits.and(SIGN)).reinterpretAsFloats();
        FloatVector rounded = n.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER));
        FloatVector rest =
            n.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER).sub(rounded));
        FloatVector power =
            broadcast(SPECIES, C5)
                .fma(rest, broadcast(SPECIES, C4))
                .fma(rest, broadcast(SPECIES, C3))
                .fma(rest, broadcast(SPECIES, C2))
                .fma(rest, broadcast(SPECIES, C1))
                .fma(rest, broadcast(SPECIES, 1));
        IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector e = power.reinterpretAsInts().add(exponent).reinterpretAsFloats();
        z.div(e.add(1)).intoArray(to, at + row * length);
      }
    }
  }

  /** First backward pass through {@link #swish}: dz in place of dy, and its sums. */
  static void throughSwish(
      RowChunk x, RowChunk dy, int first, int rows, Coefficients c, Sums sums) {
    float[] images = x.values();
    float[] gradients = dy.values();
    int length = x.length();
    for (int v = 0; v < length; v += LANES) {
      int at = FIRST + first * length + v;
      FloatVector gain = fromArray(SPECIES, c.gain, v);
      FloatVector shift = fromArray(SPECIES, c.shift, v);
      FloatVector scale = fromArray(SPECIES, c.scale, v);
      FloatVector offset = fromArray(SPECIES, c.offset, v);
      FloatVector factor = fromArray(SPECIES, c.factor, v);
      FloatVector constant = fromArray(SPECIES, c.constant, v);
      FloatVector sumDz = broadcast(SPECIES, 0);
      FloatVector sumDzXHat = broadcast(SPECIES, 0);
      FloatVector sumXHat = broadcast(SPECIES, 0);
      for (int row = 0; row < rows; row++) {
        FloatVector value = fromArray(SPECIES, images, at + row * length);
        IntVector bits = value.fma(factor, constant).reinterpretAsInts();
        FloatVector n = bits.and(~SIGN).min(LIMIT).or(bits.and(SIGN)).reinterpretAsFloats();
        FloatVector rounded = n.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER));
        FloatVector rest =
            n.fma(broadcast(SPECIES, LOG2_E), broadcast(SPECIES, ROUNDER).sub(rounded));
        FloatVector power =
            broadcast(SPECIES, C5)
                .fma(rest, broadcast(SPECIES, C4))
                .fma(rest, broadcast(SPECIES, C3))
                .fma(rest, broadcast(SPECIES, C2))
                .fma(rest, broadcast(SPECIES, C1))
                .fma(rest, broadcast(SPECIES, 1));
        IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector e = power.reinterpretAsInts().add(exponent).reinterpretAsFloats();
        FloatVector xHat = value.fma(gain, shift);
        FloatVector z = xHat.fma(scale, offset);
        FloatVector sigmoid = broadcast(SPECIES, 1).div(e.add(1));
        FloatVector slope = z.mul(sigmoid).fma(broadcast(SPECIES, 1).sub(sigmoid), sigmoid);
        FloatVector result = fromArray(SPECIES, gradients, at + row * length).mul(slope);
        sumDz = sumDz.add(result);
        sumDzXHat = result.fma(xHat, sumDzXHat);
        sumXHat = sumXHat.add(xHat);
        result.intoArray(gradients, at + row * length);
      }
      sumDz.intoArray(sums.first, v);
      sumDzXHat.intoArray(sums.second, v);
      sumXHat.intoArray(sums.third, v);
    }
  }

  /** First backward pass where no swish follows: dz is dy; its sums. */
  static void throughAffine(
      RowChunk x, RowChunk dy, int first, int rows, Coefficients c, Sums sums) {
    float[] images = x.values();
    float[] gradients = dy.values();
    int length = x.length();
    for (int v = 0; v < length; v += LANES) {
      int at = FIRST + first * length + v;
      FloatVector gain = fromArray(SPECIES, c.gain, v);
      FloatVector shift = fromArray(SPECIES, c.shift, v);
      FloatVector sumDz = broadcast(SPECIES, 0);
      FloatVector sumDzXHat = broadcast(SPECIES, 0);
      FloatVector sumXHat = broadcast(SPECIES, 0);
      for (int row = 0; row < rows; row++) {
        FloatVector xHat = fromArray(SPECIES, images, at + row * length).fma(gain, shift);
        FloatVector result = fromArray(SPECIES, gradients, at + row * length);
        sumDz = sumDz.add(result);
        sumDzXHat = result.fma(xHat, sumDzXHat);
        sumXHat = sumXHat.add(xHat);
      }
      sumDz.intoArray(sums.first, v);
      sumDzXHat.intoArray(sums.second, v);
      sumXHat.intoArray(sums.third, v);
    }
  }

  /** Second backward pass: dx in place of x. */
  static void inputGradient(RowChunk x, RowChunk dz, Coefficients c) {
    float[] images = x.values();
    float[] gradients = dz.values();
    int length = x.length();
    for (int v = 0; v < length; v += LANES) {
      int at = FIRST + v;
      FloatVector slope = fromArray(SPECIES, c.slope, v);
      FloatVector constant = fromArray(SPECIES, c.constant, v);
      FloatVector factor = fromArray(SPECIES, c.factor, v);
      for (int row = 0; row < x.rows(); row++) {
        FloatVector rest = fromArray(SPECIES, images, at + row * length).fma(slope, constant);
        fromArray(SPECIES, gradients, at + row * length)
            .fma(factor, rest)
            .intoArray(images, at + row * length);
      }
    }
  }
}
