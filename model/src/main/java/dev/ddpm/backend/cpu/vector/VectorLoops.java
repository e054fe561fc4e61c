package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import dev.ddpm.backend.AdamStep;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Element-wise loops. The values after the last whole vector are worked on in zero-padded copies,
 * so that every element goes through the same instructions wherever it lies.
 */
final class VectorLoops {
  /** Values of a chunk: their float32 sum is taken before it is added to a float64 one. */
  private static final int CHUNK = 4096;

  private final float[] values = new float[CHUNK];
  private final float[] gradients = new float[CHUNK];
  private final float[] exponentials = new float[CHUNK];
  private final ByteBuffer first = staging();
  private final ByteBuffer second = staging();
  private final ByteBuffer third = staging();

  private static ByteBuffer staging() {
    return ByteBuffer.allocateDirect(LANES * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  private static int whole(int length) {
    return length - length % LANES;
  }

  private static void stage(ByteBuffer from, int index, int count, ByteBuffer staging) {
    broadcast(SPECIES, 0).intoByteBuffer(staging, 0 << 2, ORDER);
    FloatVectors.copy(from, index, staging, 0, count);
  }

  void swish(ByteBuffer x, ByteBuffer y, int length) {
    for (int from = 0; from < length; from += CHUNK) {
      int count = Math.min(CHUNK, length - from);
      FloatVectors.read(x, from, count, values);
      Exponential.swish(values, count);
      FloatVectors.write(values, count, y, from);
    }
  }

  void swishBackward(ByteBuffer x, ByteBuffer dy, ByteBuffer dx, int length) {
    for (int from = 0; from < length; from += CHUNK) {
      int count = Math.min(CHUNK, length - from);
      FloatVectors.read(x, from, count, values);
      FloatVectors.read(dy, from, count, gradients);
      exponential(count);
      for (int i = 0; i < count; i += LANES) {
        FloatVector denominator = fromArray(SPECIES, exponentials, i).add(1);
        FloatVector sigmoid = broadcast(SPECIES, 1).div(denominator);
        FloatVector swish = fromArray(SPECIES, values, i).mul(sigmoid);
        FloatVector slope = swish.fma(broadcast(SPECIES, 1).sub(sigmoid), sigmoid);
        fromArray(SPECIES, gradients, i).mul(slope).intoArray(gradients, i);
      }
      FloatVectors.write(gradients, count, dx, from);
    }
  }

  /** e^−x of the values; what lies in the last vector beyond them is of no use to anyone. */
  private void exponential(int count) {
    for (int i = 0; i < count; i += LANES) {
      fromArray(SPECIES, values, i).neg().intoArray(exponentials, i);
    }
    Exponential.apply(exponentials, count);
  }

  void clear(ByteBuffer y, int length) {
    int i = 0;
    for (; i + LANES <= length; i += LANES) {
      broadcast(SPECIES, 0).intoByteBuffer(y, i << 2, ORDER);
    }
    for (; i < length; i++) {
      y.putFloat(i << 2, 0);
    }
  }

  void scale(float factor, ByteBuffer y, int from, int length) {
    int i = 0;
    for (; i + LANES <= length; i += LANES) {
      fromByteBuffer(SPECIES, y, (from + i) << 2, ORDER)
          .mul(factor)
          .intoByteBuffer(y, (from + i) << 2, ORDER);
    }
    for (; i < length; i++) {
      int at = (from + i) << 2;
      y.putFloat(at, y.getFloat(at) * factor);
    }
  }

  void adam(AdamStep step, ByteBuffer gradient, ByteBuffer m, ByteBuffer v, int length) {
    int whole = whole(length);
    adamVectors(step, gradient, m, v, whole);
    if (whole < length) {
      int count = length - whole;
      stage(gradient, whole, count, first);
      stage(m, whole, count, second);
      stage(v, whole, count, third);
      adamVectors(step, first, second, third, LANES);
      FloatVectors.copy(first, 0, gradient, whole, count);
      FloatVectors.copy(second, 0, m, whole, count);
      FloatVectors.copy(third, 0, v, whole, count);
    }
  }

  private static void adamVectors(
      AdamStep step, ByteBuffer gradient, ByteBuffer m, ByteBuffer v, int length) {
    float beta1 = (float) step.beta1();
    float beta2 = (float) step.beta2();
    float rest1 = (float) (1 - step.beta1());
    float rest2 = (float) (1 - step.beta2());
    float rootCorrection = (float) step.rootCorrection();
    float epsilon = (float) step.epsilon();
    float stepSize = (float) step.stepSize();
    for (int i = 0; i < length; i += LANES) {
      FloatVector g = fromByteBuffer(SPECIES, gradient, i << 2, ORDER);
      FloatVector newM = fromByteBuffer(SPECIES, m, i << 2, ORDER).mul(beta1).add(g.mul(rest1));
      FloatVector newV =
          fromByteBuffer(SPECIES, v, i << 2, ORDER).mul(beta2).add(g.mul(g).mul(rest2));
      newM.intoByteBuffer(m, i << 2, ORDER);
      newV.intoByteBuffer(v, i << 2, ORDER);
      FloatVector denominator = newV.sqrt().mul(rootCorrection).add(epsilon);
      newM.div(denominator).mul(stepSize).intoByteBuffer(gradient, i << 2, ORDER);
    }
  }

  double meanSquaredError(
      ByteBuffer prediction, ByteBuffer target, ByteBuffer gradient, int length) {
    int whole = whole(length);
    float factor = (float) (2.0 / length);
    double sum = 0;
    for (int from = 0; from < whole; from += CHUNK) {
      int to = Math.min(whole, from + CHUNK);
      sum += squaredErrors(prediction, target, gradient, from, to, factor);
    }
    if (whole < length) {
      stage(prediction, whole, length - whole, first);
      stage(target, whole, length - whole, second);
      sum += squaredErrors(first, second, third, 0, LANES, factor);
      FloatVectors.copy(third, 0, gradient, whole, length - whole);
    }
    return sum / length;
  }

  private static double squaredErrors(
      ByteBuffer prediction,
      ByteBuffer target,
      ByteBuffer gradient,
      int from,
      int to,
      float factor) {
    FloatVector total = broadcast(SPECIES, 0);
    for (int i = from; i < to; i += LANES) {
      FloatVector difference =
          fromByteBuffer(SPECIES, prediction, i << 2, ORDER)
              .sub(fromByteBuffer(SPECIES, target, i << 2, ORDER));
      total = difference.fma(difference, total);
      difference.mul(factor).intoByteBuffer(gradient, i << 2, ORDER);
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
