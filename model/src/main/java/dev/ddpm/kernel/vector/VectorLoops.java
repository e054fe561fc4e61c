package dev.ddpm.kernel.vector;

import static dev.ddpm.kernel.vector.Floats.LANES;

import dev.ddpm.kernel.AdamStep;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Element-wise loops. The values after the last whole vector are worked on in zero-padded copies,
 * so that every element goes through the same instructions wherever it lies.
 */
final class VectorLoops {
  /** Values whose float32 sum is taken before it is added to the float64 one. */
  private static final int CHUNK = 4096;

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
    Floats.store(Floats.broadcast(0), staging, 0);
    ChannelPeriod.copy(from, index, staging, 0, count);
  }

  void swish(ByteBuffer x, ByteBuffer y, int length) {
    int whole = whole(length);
    swishVectors(x, y, whole);
    if (whole < length) {
      stage(x, whole, length - whole, first);
      swishVectors(first, second, LANES);
      ChannelPeriod.copy(second, 0, y, whole, length - whole);
    }
  }

  private static void swishVectors(ByteBuffer x, ByteBuffer y, int length) {
    for (int i = 0; i < length; i += LANES) {
      FloatVector values = Floats.load(x, i);
      Floats.store(values.mul(Floats.sigmoid(values)), y, i);
    }
  }

  void swishBackward(ByteBuffer x, ByteBuffer dy, ByteBuffer dx, int length) {
    int whole = whole(length);
    swishBackwardVectors(x, dy, dx, whole);
    if (whole < length) {
      stage(x, whole, length - whole, first);
      stage(dy, whole, length - whole, second);
      swishBackwardVectors(first, second, third, LANES);
      ChannelPeriod.copy(third, 0, dx, whole, length - whole);
    }
  }

  private static void swishBackwardVectors(ByteBuffer x, ByteBuffer dy, ByteBuffer dx, int length) {
    for (int i = 0; i < length; i += LANES) {
      Floats.store(Floats.swishSlope(Floats.load(x, i)).mul(Floats.load(dy, i)), dx, i);
    }
  }

  void add(ByteBuffer x, ByteBuffer y, int length) {
    int whole = whole(length);
    addVectors(x, y, whole);
    if (whole < length) {
      stage(x, whole, length - whole, first);
      stage(y, whole, length - whole, second);
      addVectors(first, second, LANES);
      ChannelPeriod.copy(second, 0, y, whole, length - whole);
    }
  }

  private static void addVectors(ByteBuffer x, ByteBuffer y, int length) {
    for (int i = 0; i < length; i += LANES) {
      Floats.store(Floats.load(y, i).add(Floats.load(x, i)), y, i);
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
      ChannelPeriod.copy(first, 0, gradient, whole, count);
      ChannelPeriod.copy(second, 0, m, whole, count);
      ChannelPeriod.copy(third, 0, v, whole, count);
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
      FloatVector g = Floats.load(gradient, i);
      FloatVector newM = Floats.load(m, i).mul(beta1).add(g.mul(rest1));
      FloatVector newV = Floats.load(v, i).mul(beta2).add(g.mul(g).mul(rest2));
      Floats.store(newM, m, i);
      Floats.store(newV, v, i);
      FloatVector denominator = newV.sqrt().mul(rootCorrection).add(epsilon);
      Floats.store(newM.div(denominator).mul(stepSize), gradient, i);
    }
  }

  double squaredNorm(ByteBuffer x, int length) {
    int whole = whole(length);
    double sum = 0;
    for (int from = 0; from < whole; from += CHUNK) {
      sum += sumSquares(x, from, Math.min(whole, from + CHUNK));
    }
    if (whole < length) {
      stage(x, whole, length - whole, first);
      sum += sumSquares(first, 0, LANES);
    }
    return sum;
  }

  private static double sumSquares(ByteBuffer x, int from, int to) {
    FloatVector total = Floats.broadcast(0);
    for (int i = from; i < to; i += LANES) {
      FloatVector values = Floats.load(x, i);
      total = values.fma(values, total);
    }
    return total.reduceLanes(VectorOperators.ADD);
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
      ChannelPeriod.copy(third, 0, gradient, whole, length - whole);
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
    FloatVector total = Floats.broadcast(0);
    for (int i = from; i < to; i += LANES) {
      FloatVector difference = Floats.load(prediction, i).sub(Floats.load(target, i));
      total = difference.fma(difference, total);
      Floats.store(difference.mul(factor), gradient, i);
    }
    return total.reduceLanes(VectorOperators.ADD);
  }
}
