package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/**
 * The maps of Winograd's F(4, 3) along one axis. They interpolate polynomials at 0, ±{@link #P},
 * ±{@link #Q} and infinity: exact in binary, and with less rounding than ±1 and ±2 have, like the
 * points of oneDNN's. With s = P² + Q²,
 *
 * <pre>
 * Bᵀ = P²Q²    0    −s    0   1  0      G = 1/(P²Q²)  0     0        Aᵀ = 1  1   1   1   1  0
 *       0   −PQ²   −Q²    P   1  0          n        nP    nP²            0  P  −P   Q  −Q  0
 *       0    PQ²   −Q²   −P   1  0          n       −nP    nP²            0  P²  P²  Q²  Q² 0
 *       0   −QP²   −P²    Q   1  0          m        mQ    mQ²            0  P³ −P³  Q³ −Q³ 1
 *       0    QP²   −P²   −Q   1  0          m       −mQ    mQ²
 *       0    P²Q²   0    −s   0  1          0         0     1
 * </pre>
 *
 * where n = 1/(2P²(P² − Q²)) and m = 1/(2Q²(Q² − P²)).
 *
 * <p>Each function maps values that lie {@code step} apart to values that lie {@code targetStep}
 * apart, for {@code count} neighbouring ones, a multiple of the lanes.
 */
final class Winograd {
  private static final float P = 0.625f;
  private static final float Q = 1.5f;
  private static final float P2 = P * P;
  private static final float Q2 = Q * Q;
  private static final float P3 = P2 * P;
  private static final float Q3 = Q2 * Q;
  private static final float PRODUCT = P2 * Q2;
  private static final float SUM = P2 + Q2;
  private static final float ZERO_FACTOR = (float) (1.0 / PRODUCT);
  private static final float P_FACTOR = (float) (1 / (2.0 * P2 * (P2 - Q2)));
  private static final float Q_FACTOR = (float) (1 / (2.0 * Q2 * (Q2 - P2)));

  private Winograd() {}

  /** Bᵀ: six values to six, into an array. */
  static void input(
      ByteBuffer from, int index, int step, int count, float[] to, int target, int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector d0 = fromByteBuffer(SPECIES, from, i << 2, ORDER);
      FloatVector d1 = fromByteBuffer(SPECIES, from, (i + step) << 2, ORDER);
      FloatVector d2 = fromByteBuffer(SPECIES, from, (i + 2 * step) << 2, ORDER);
      FloatVector d3 = fromByteBuffer(SPECIES, from, (i + 3 * step) << 2, ORDER);
      FloatVector d4 = fromByteBuffer(SPECIES, from, (i + 4 * step) << 2, ORDER);
      FloatVector d5 = fromByteBuffer(SPECIES, from, (i + 5 * step) << 2, ORDER);
      int o = target + c;
      d0.mul(PRODUCT).sub(d2.mul(SUM)).add(d4).intoArray(to, o);
      FloatVector even = d4.sub(d2.mul(Q2));
      FloatVector odd = d3.sub(d1.mul(Q2)).mul(P);
      even.add(odd).intoArray(to, o + targetStep);
      even.sub(odd).intoArray(to, o + 2 * targetStep);
      even = d4.sub(d2.mul(P2));
      odd = d3.sub(d1.mul(P2)).mul(Q);
      even.add(odd).intoArray(to, o + 3 * targetStep);
      even.sub(odd).intoArray(to, o + 4 * targetStep);
      d1.mul(PRODUCT).sub(d3.mul(SUM)).add(d5).intoArray(to, o + 5 * targetStep);
    }
  }

  /** The same out of an array. */
  static void input(
      float[] from, int index, int step, int count, ByteBuffer to, int target, int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector d0 = fromArray(SPECIES, from, i);
      FloatVector d1 = fromArray(SPECIES, from, i + step);
      FloatVector d2 = fromArray(SPECIES, from, i + 2 * step);
      FloatVector d3 = fromArray(SPECIES, from, i + 3 * step);
      FloatVector d4 = fromArray(SPECIES, from, i + 4 * step);
      FloatVector d5 = fromArray(SPECIES, from, i + 5 * step);
      int o = target + c;
      d0.mul(PRODUCT).sub(d2.mul(SUM)).add(d4).intoByteBuffer(to, o << 2, ORDER);
      FloatVector even = d4.sub(d2.mul(Q2));
      FloatVector odd = d3.sub(d1.mul(Q2)).mul(P);
      even.add(odd).intoByteBuffer(to, (o + targetStep) << 2, ORDER);
      even.sub(odd).intoByteBuffer(to, (o + 2 * targetStep) << 2, ORDER);
      even = d4.sub(d2.mul(P2));
      odd = d3.sub(d1.mul(P2)).mul(Q);
      even.add(odd).intoByteBuffer(to, (o + 3 * targetStep) << 2, ORDER);
      even.sub(odd).intoByteBuffer(to, (o + 4 * targetStep) << 2, ORDER);
      d1.mul(PRODUCT).sub(d3.mul(SUM)).add(d5).intoByteBuffer(to, (o + 5 * targetStep) << 2, ORDER);
    }
  }

  /** Aᵀ: six values to four, into an array. */
  static void result(
      ByteBuffer from, int index, int step, int count, float[] to, int target, int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector m1 = fromByteBuffer(SPECIES, from, (i + step) << 2, ORDER);
      FloatVector m2 = fromByteBuffer(SPECIES, from, (i + 2 * step) << 2, ORDER);
      FloatVector m3 = fromByteBuffer(SPECIES, from, (i + 3 * step) << 2, ORDER);
      FloatVector m4 = fromByteBuffer(SPECIES, from, (i + 4 * step) << 2, ORDER);
      FloatVector evenP = m1.add(m2);
      FloatVector oddP = m1.sub(m2);
      FloatVector evenQ = m3.add(m4);
      FloatVector oddQ = m3.sub(m4);
      int o = target + c;
      evenP.add(evenQ).add(fromByteBuffer(SPECIES, from, i << 2, ORDER)).intoArray(to, o);
      oddP.mul(P).add(oddQ.mul(Q)).intoArray(to, o + targetStep);
      evenP.mul(P2).add(evenQ.mul(Q2)).intoArray(to, o + 2 * targetStep);
      oddP.mul(P3)
          .add(oddQ.mul(Q3))
          .add(fromByteBuffer(SPECIES, from, (i + 5 * step) << 2, ORDER))
          .intoArray(to, o + 3 * targetStep);
    }
  }

  /** The same out of an array, plus a bias for each of the neighbouring ones. */
  static void result(
      float[] from,
      int index,
      int step,
      int count,
      ByteBuffer bias,
      int biasIndex,
      ByteBuffer to,
      int target,
      int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector m1 = fromArray(SPECIES, from, i + step);
      FloatVector m2 = fromArray(SPECIES, from, i + 2 * step);
      FloatVector m3 = fromArray(SPECIES, from, i + 3 * step);
      FloatVector m4 = fromArray(SPECIES, from, i + 4 * step);
      FloatVector b = fromByteBuffer(SPECIES, bias, (biasIndex + c) << 2, ORDER);
      FloatVector evenP = m1.add(m2);
      FloatVector oddP = m1.sub(m2);
      FloatVector evenQ = m3.add(m4);
      FloatVector oddQ = m3.sub(m4);
      int o = target + c;
      evenP.add(evenQ).add(fromArray(SPECIES, from, i)).add(b).intoByteBuffer(to, o << 2, ORDER);
      oddP.mul(P).add(oddQ.mul(Q)).add(b).intoByteBuffer(to, (o + targetStep) << 2, ORDER);
      evenP.mul(P2).add(evenQ.mul(Q2)).add(b).intoByteBuffer(to, (o + 2 * targetStep) << 2, ORDER);
      oddP.mul(P3)
          .add(oddQ.mul(Q3))
          .add(fromArray(SPECIES, from, i + 5 * step))
          .add(b)
          .intoByteBuffer(to, (o + 3 * targetStep) << 2, ORDER);
    }
  }

  /** A: four values to six, into an array. */
  static void resultGradient(
      ByteBuffer from, int index, int step, int count, float[] to, int target, int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector y0 = fromByteBuffer(SPECIES, from, i << 2, ORDER);
      FloatVector y1 = fromByteBuffer(SPECIES, from, (i + step) << 2, ORDER);
      FloatVector y2 = fromByteBuffer(SPECIES, from, (i + 2 * step) << 2, ORDER);
      FloatVector y3 = fromByteBuffer(SPECIES, from, (i + 3 * step) << 2, ORDER);
      int o = target + c;
      y0.intoArray(to, o);
      FloatVector even = y2.mul(P2).add(y0);
      FloatVector odd = y3.mul(P3).add(y1.mul(P));
      even.add(odd).intoArray(to, o + targetStep);
      even.sub(odd).intoArray(to, o + 2 * targetStep);
      even = y2.mul(Q2).add(y0);
      odd = y3.mul(Q3).add(y1.mul(Q));
      even.add(odd).intoArray(to, o + 3 * targetStep);
      even.sub(odd).intoArray(to, o + 4 * targetStep);
      y3.intoArray(to, o + 5 * targetStep);
    }
  }

  /** The same out of an array. */
  static void resultGradient(
      float[] from, int index, int step, int count, ByteBuffer to, int target, int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector y0 = fromArray(SPECIES, from, i);
      FloatVector y1 = fromArray(SPECIES, from, i + step);
      FloatVector y2 = fromArray(SPECIES, from, i + 2 * step);
      FloatVector y3 = fromArray(SPECIES, from, i + 3 * step);
      int o = target + c;
      y0.intoByteBuffer(to, o << 2, ORDER);
      FloatVector even = y2.mul(P2).add(y0);
      FloatVector odd = y3.mul(P3).add(y1.mul(P));
      even.add(odd).intoByteBuffer(to, (o + targetStep) << 2, ORDER);
      even.sub(odd).intoByteBuffer(to, (o + 2 * targetStep) << 2, ORDER);
      even = y2.mul(Q2).add(y0);
      odd = y3.mul(Q3).add(y1.mul(Q));
      even.add(odd).intoByteBuffer(to, (o + 3 * targetStep) << 2, ORDER);
      even.sub(odd).intoByteBuffer(to, (o + 4 * targetStep) << 2, ORDER);
      y3.intoByteBuffer(to, (o + 5 * targetStep) << 2, ORDER);
    }
  }

  /** G: three values to six. */
  static void weights(
      ByteBuffer from, int index, int step, int count, ByteBuffer to, int target, int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector g0 = fromByteBuffer(SPECIES, from, i << 2, ORDER);
      FloatVector g1 = fromByteBuffer(SPECIES, from, (i + step) << 2, ORDER);
      FloatVector g2 = fromByteBuffer(SPECIES, from, (i + 2 * step) << 2, ORDER);
      int o = target + c;
      g0.mul(ZERO_FACTOR).intoByteBuffer(to, o << 2, ORDER);
      FloatVector even = g2.mul(P2).add(g0).mul(P_FACTOR);
      FloatVector odd = g1.mul(P * P_FACTOR);
      even.add(odd).intoByteBuffer(to, (o + targetStep) << 2, ORDER);
      even.sub(odd).intoByteBuffer(to, (o + 2 * targetStep) << 2, ORDER);
      even = g2.mul(Q2).add(g0).mul(Q_FACTOR);
      odd = g1.mul(Q * Q_FACTOR);
      even.add(odd).intoByteBuffer(to, (o + 3 * targetStep) << 2, ORDER);
      even.sub(odd).intoByteBuffer(to, (o + 4 * targetStep) << 2, ORDER);
      g2.intoByteBuffer(to, (o + 5 * targetStep) << 2, ORDER);
    }
  }

  /** Gᵀ: six values to three. */
  static void weightGradient(
      ByteBuffer from, int index, int step, int count, ByteBuffer to, int target, int targetStep) {
    for (int c = 0; c < count; c += LANES) {
      int i = index + c;
      FloatVector t1 = fromByteBuffer(SPECIES, from, (i + step) << 2, ORDER);
      FloatVector t2 = fromByteBuffer(SPECIES, from, (i + 2 * step) << 2, ORDER);
      FloatVector t3 = fromByteBuffer(SPECIES, from, (i + 3 * step) << 2, ORDER);
      FloatVector t4 = fromByteBuffer(SPECIES, from, (i + 4 * step) << 2, ORDER);
      FloatVector evenP = t1.add(t2).mul(P_FACTOR);
      FloatVector evenQ = t3.add(t4).mul(Q_FACTOR);
      int o = target + c;
      fromByteBuffer(SPECIES, from, i << 2, ORDER)
          .mul(ZERO_FACTOR)
          .add(evenP)
          .add(evenQ)
          .intoByteBuffer(to, o << 2, ORDER);
      t1.sub(t2)
          .mul(P * P_FACTOR)
          .add(t3.sub(t4).mul(Q * Q_FACTOR))
          .intoByteBuffer(to, (o + targetStep) << 2, ORDER);
      evenP
          .mul(P2)
          .add(evenQ.mul(Q2))
          .add(fromByteBuffer(SPECIES, from, (i + 5 * step) << 2, ORDER))
          .intoByteBuffer(to, (o + 2 * targetStep) << 2, ORDER);
    }
  }
}
