package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.AlignedArray.FIRST;
import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static dev.ddpm.backend.cpu.winograd.TileGrid.PRODUCTS;
import static dev.ddpm.backend.cpu.winograd.TileGrid.TILE;
import static dev.ddpm.backend.cpu.winograd.TileGrid.WINDOW;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import dev.ddpm.backend.ConvolutionShape;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;

/**
 * The maps of Winograd's F(4, 3). They interpolate polynomials at 0, ±{@link #P}, ±{@link #Q} and
 * infinity: exact in binary, and with less rounding than ±1 and ±2 have, like the points of
 * oneDNN's. With s = P² + Q²,
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
 * <p>They work on a strip of tiles beside each other, for a few channels, in an {@linkplain
 * AlignedArray aligned array}, of which that much stays in the nearest caches. What a strip sees is
 * six (or four) rows of pixels, {@link #ROW} values apart. Mapped downwards, column 4t + p of a row
 * stands in the p-th of four lines, {@link #LINE} values apart, as the t-th run of channels: so the
 * neighbours of a pixel in all windows of the strip are reached by one long loop. Products are 36
 * lines.
 */
final class Winograd {
  /**
   * Values from one line to the next, which are tiles times channels of a strip, or one more: room
   * for two tiles of 128 channels, and rows of lines apart that differ in their place in a cache.
   */
  static final int LINE = 400;

  /** Values from one row of pixels to the next: four lines. */
  static final int ROW = TILE * LINE;

  /** Lines of one row or column of products. */
  static final int PRODUCT_ROW = WINDOW * LINE;

  private static final int TAPS = ConvolutionShape.KERNEL;

  /** Where the lines of the nine taps of weights begin. */
  static final int TAP_LINES = FIRST + WINDOW * ROW;

  /** Where those of their 36 products begin. */
  static final int PRODUCT_LINES = TAP_LINES + TAPS * TAPS * LINE;

  /** Values of the array that they work in. */
  static final int LENGTH = PRODUCT_LINES + PRODUCTS * LINE - FIRST;

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

  private static FloatVector all(float value) {
    return broadcast(SPECIES, value);
  }

  /** Zeros into a column of all rows of pixels. */
  static void clear(float[] lines, int column, int width) {
    int to = FIRST + column % TILE * LINE + column / TILE * width;
    for (int line = to; line < to + WINDOW * ROW; line += ROW) {
      for (int c = 0; c < width; c += LANES) {
        all(0).intoArray(lines, line + c);
      }
    }
  }

  /** Bᵀ downwards: six rows of pixels to six rows of lines. */
  static void inputDown(PixelRows rows, int width, float[] lines) {
    ByteBuffer row0 = rows.memory[0];
    ByteBuffer row1 = rows.memory[1];
    ByteBuffer row2 = rows.memory[2];
    ByteBuffer row3 = rows.memory[3];
    ByteBuffer row4 = rows.memory[4];
    ByteBuffer row5 = rows.memory[5];
    for (int x = rows.from; x < rows.to; x++) {
      int i0 = rows.first[0] + x * rows.step[0];
      int i1 = rows.first[1] + x * rows.step[1];
      int i2 = rows.first[2] + x * rows.step[2];
      int i3 = rows.first[3] + x * rows.step[3];
      int i4 = rows.first[4] + x * rows.step[4];
      int i5 = rows.first[5] + x * rows.step[5];
      int to = FIRST + x % TILE * LINE + x / TILE * width;
      for (int c = 0; c < width; c += LANES) {
        FloatVector d0 = fromByteBuffer(SPECIES, row0, (i0 + c) << 2, ORDER);
        FloatVector d1 = fromByteBuffer(SPECIES, row1, (i1 + c) << 2, ORDER);
        FloatVector d2 = fromByteBuffer(SPECIES, row2, (i2 + c) << 2, ORDER);
        FloatVector d3 = fromByteBuffer(SPECIES, row3, (i3 + c) << 2, ORDER);
        FloatVector d4 = fromByteBuffer(SPECIES, row4, (i4 + c) << 2, ORDER);
        FloatVector d5 = fromByteBuffer(SPECIES, row5, (i5 + c) << 2, ORDER);
        int o = to + c;
        d0.fma(all(PRODUCT), d2.fma(all(-SUM), d4)).intoArray(lines, o);
        FloatVector even = d2.fma(all(-Q2), d4);
        FloatVector odd = d1.fma(all(-Q2), d3);
        odd.fma(all(P), even).intoArray(lines, o + ROW);
        odd.fma(all(-P), even).intoArray(lines, o + 2 * ROW);
        even = d2.fma(all(-P2), d4);
        odd = d1.fma(all(-P2), d3);
        odd.fma(all(Q), even).intoArray(lines, o + 3 * ROW);
        odd.fma(all(-Q), even).intoArray(lines, o + 4 * ROW);
        d1.fma(all(PRODUCT), d3.fma(all(-SUM), d5)).intoArray(lines, o + 5 * ROW);
      }
    }
  }

  /** The same across: six rows of lines to products. */
  static void inputAcross(float[] lines, int width, StripProducts products) {
    ByteBuffer memory = products.memory;
    int length = products.length;
    int step = products.step;
    for (int row = 0; row < WINDOW; row++) {
      for (int run = 0; run < products.count; run++) {
        int from = FIRST + row * ROW + run * length;
        int to = products.ofRow(row, run);
        for (int k = 0; k < length; k += LANES) {
          int i = from + k;
          FloatVector d0 = fromArray(SPECIES, lines, i);
          FloatVector d1 = fromArray(SPECIES, lines, i + LINE);
          FloatVector d2 = fromArray(SPECIES, lines, i + 2 * LINE);
          FloatVector d3 = fromArray(SPECIES, lines, i + 3 * LINE);
          FloatVector d4 = fromArray(SPECIES, lines, i + width);
          FloatVector d5 = fromArray(SPECIES, lines, i + width + LINE);
          int o = to + k;
          d0.fma(all(PRODUCT), d2.fma(all(-SUM), d4)).intoByteBuffer(memory, o << 2, ORDER);
          FloatVector even = d2.fma(all(-Q2), d4);
          FloatVector odd = d1.fma(all(-Q2), d3);
          odd.fma(all(P), even).intoByteBuffer(memory, (o + step) << 2, ORDER);
          odd.fma(all(-P), even).intoByteBuffer(memory, (o + 2 * step) << 2, ORDER);
          even = d2.fma(all(-P2), d4);
          odd = d1.fma(all(-P2), d3);
          odd.fma(all(Q), even).intoByteBuffer(memory, (o + 3 * step) << 2, ORDER);
          odd.fma(all(-Q), even).intoByteBuffer(memory, (o + 4 * step) << 2, ORDER);
          d1.fma(all(PRODUCT), d3.fma(all(-SUM), d5))
              .intoByteBuffer(memory, (o + 5 * step) << 2, ORDER);
        }
      }
    }
  }

  /** B across, the transpose of {@link #inputAcross}: what windows share is added up. */
  static void inputGradientAcross(StripProducts products, int width, float[] lines) {
    ByteBuffer memory = products.memory;
    int length = products.length;
    int step = products.step;
    // two columns of the first window, which no window before it shares
    clear(lines, 0, width);
    clear(lines, 1, width);
    for (int row = 0; row < WINDOW; row++) {
      for (int run = 0; run < products.count; run++) {
        int from = products.ofRow(row, run);
        int to = FIRST + row * ROW + run * length;
        for (int k = 0; k < length; k += LANES) {
          int i = from + k;
          FloatVector u0 = fromByteBuffer(SPECIES, memory, i << 2, ORDER);
          FloatVector u1 = fromByteBuffer(SPECIES, memory, (i + step) << 2, ORDER);
          FloatVector u2 = fromByteBuffer(SPECIES, memory, (i + 2 * step) << 2, ORDER);
          FloatVector u3 = fromByteBuffer(SPECIES, memory, (i + 3 * step) << 2, ORDER);
          FloatVector u4 = fromByteBuffer(SPECIES, memory, (i + 4 * step) << 2, ORDER);
          FloatVector u5 = fromByteBuffer(SPECIES, memory, (i + 5 * step) << 2, ORDER);
          FloatVector evenP = u1.add(u2);
          FloatVector oddP = u1.sub(u2);
          FloatVector evenQ = u3.add(u4);
          FloatVector oddQ = u3.sub(u4);
          int o = to + k;
          u0.fma(all(PRODUCT), fromArray(SPECIES, lines, o)).intoArray(lines, o);
          oddP.fma(all(-P * Q2), oddQ.fma(all(-Q * P2), u5.mul(PRODUCT)))
              .add(fromArray(SPECIES, lines, o + LINE))
              .intoArray(lines, o + LINE);
          evenP.fma(all(-Q2), evenQ.fma(all(-P2), u0.mul(-SUM))).intoArray(lines, o + 2 * LINE);
          oddP.fma(all(P), oddQ.fma(all(Q), u5.mul(-SUM))).intoArray(lines, o + 3 * LINE);
          evenP.add(evenQ).add(u0).intoArray(lines, o + width);
          u5.intoArray(lines, o + width + LINE);
        }
      }
    }
  }

  /** The same downwards: six rows of lines are added to six rows of pixels. */
  static void inputGradientDown(float[] lines, int width, PixelRows rows) {
    ByteBuffer row0 = rows.memory[0];
    ByteBuffer row1 = rows.memory[1];
    ByteBuffer row2 = rows.memory[2];
    ByteBuffer row3 = rows.memory[3];
    ByteBuffer row4 = rows.memory[4];
    ByteBuffer row5 = rows.memory[5];
    for (int x = rows.from; x < rows.to; x++) {
      int from = FIRST + x % TILE * LINE + x / TILE * width;
      int o0 = rows.first[0] + x * rows.step[0];
      int o1 = rows.first[1] + x * rows.step[1];
      int o2 = rows.first[2] + x * rows.step[2];
      int o3 = rows.first[3] + x * rows.step[3];
      int o4 = rows.first[4] + x * rows.step[4];
      int o5 = rows.first[5] + x * rows.step[5];
      for (int c = 0; c < width; c += LANES) {
        int i = from + c;
        FloatVector u0 = fromArray(SPECIES, lines, i);
        FloatVector u1 = fromArray(SPECIES, lines, i + ROW);
        FloatVector u2 = fromArray(SPECIES, lines, i + 2 * ROW);
        FloatVector u3 = fromArray(SPECIES, lines, i + 3 * ROW);
        FloatVector u4 = fromArray(SPECIES, lines, i + 4 * ROW);
        FloatVector u5 = fromArray(SPECIES, lines, i + 5 * ROW);
        FloatVector evenP = u1.add(u2);
        FloatVector oddP = u1.sub(u2);
        FloatVector evenQ = u3.add(u4);
        FloatVector oddQ = u3.sub(u4);
        int at0 = (o0 + c) << 2;
        int at1 = (o1 + c) << 2;
        int at2 = (o2 + c) << 2;
        int at3 = (o3 + c) << 2;
        int at4 = (o4 + c) << 2;
        int at5 = (o5 + c) << 2;
        u0.fma(all(PRODUCT), fromByteBuffer(SPECIES, row0, at0, ORDER))
            .intoByteBuffer(row0, at0, ORDER);
        oddP.fma(all(-P * Q2), oddQ.fma(all(-Q * P2), u5.mul(PRODUCT)))
            .add(fromByteBuffer(SPECIES, row1, at1, ORDER))
            .intoByteBuffer(row1, at1, ORDER);
        evenP
            .fma(all(-Q2), evenQ.fma(all(-P2), u0.mul(-SUM)))
            .add(fromByteBuffer(SPECIES, row2, at2, ORDER))
            .intoByteBuffer(row2, at2, ORDER);
        oddP.fma(all(P), oddQ.fma(all(Q), u5.mul(-SUM)))
            .add(fromByteBuffer(SPECIES, row3, at3, ORDER))
            .intoByteBuffer(row3, at3, ORDER);
        evenP
            .add(evenQ)
            .add(u0)
            .add(fromByteBuffer(SPECIES, row4, at4, ORDER))
            .intoByteBuffer(row4, at4, ORDER);
        u5.add(fromByteBuffer(SPECIES, row5, at5, ORDER)).intoByteBuffer(row5, at5, ORDER);
      }
    }
  }

  /** Aᵀ downwards: products to four rows of six lines. */
  static void resultDown(StripProducts products, float[] lines) {
    ByteBuffer memory = products.memory;
    int length = products.length;
    int step = WINDOW * products.step;
    for (int column = 0; column < WINDOW; column++) {
      for (int run = 0; run < products.count; run++) {
        int from = products.ofColumn(column, run);
        int to = FIRST + column * LINE + run * length;
        for (int k = 0; k < length; k += LANES) {
          int i = from + k;
          int o = to + k;
          FloatVector m1 = fromByteBuffer(SPECIES, memory, (i + step) << 2, ORDER);
          FloatVector m2 = fromByteBuffer(SPECIES, memory, (i + 2 * step) << 2, ORDER);
          FloatVector m3 = fromByteBuffer(SPECIES, memory, (i + 3 * step) << 2, ORDER);
          FloatVector m4 = fromByteBuffer(SPECIES, memory, (i + 4 * step) << 2, ORDER);
          FloatVector evenP = m1.add(m2);
          FloatVector oddP = m1.sub(m2);
          FloatVector evenQ = m3.add(m4);
          FloatVector oddQ = m3.sub(m4);
          evenP.add(evenQ).add(fromByteBuffer(SPECIES, memory, i << 2, ORDER)).intoArray(lines, o);
          oddP.fma(all(P), oddQ.mul(Q)).intoArray(lines, o + PRODUCT_ROW);
          evenP.fma(all(P2), evenQ.mul(Q2)).intoArray(lines, o + 2 * PRODUCT_ROW);
          oddP.fma(
                  all(P3),
                  oddQ.fma(all(Q3), fromByteBuffer(SPECIES, memory, (i + 5 * step) << 2, ORDER)))
              .intoArray(lines, o + 3 * PRODUCT_ROW);
        }
      }
    }
  }

  /**
   * The same across: a row of six lines to the pixels of tiles, plus a bias per channel.
   *
   * @param row number of the row of lines
   * @param first number of the first tile in the strip
   * @param tiles their number
   * @param width channels
   * @param bias per channel
   * @param to memory of the image
   * @param index of the first pixel
   * @param step from one pixel to the next
   */
  static void resultAcross(
      float[] lines,
      int row,
      int first,
      int tiles,
      int width,
      float[] bias,
      ByteBuffer to,
      int index,
      int step) {
    for (int tile = 0; tile < tiles; tile++) {
      int from = FIRST + row * PRODUCT_ROW + (first + tile) * width;
      int target = index + tile * TILE * step;
      for (int c = 0; c < width; c += LANES) {
        int i = from + c;
        FloatVector b = fromArray(SPECIES, bias, c);
        FloatVector m1 = fromArray(SPECIES, lines, i + LINE);
        FloatVector m2 = fromArray(SPECIES, lines, i + 2 * LINE);
        FloatVector m3 = fromArray(SPECIES, lines, i + 3 * LINE);
        FloatVector m4 = fromArray(SPECIES, lines, i + 4 * LINE);
        FloatVector evenP = m1.add(m2);
        FloatVector oddP = m1.sub(m2);
        FloatVector evenQ = m3.add(m4);
        FloatVector oddQ = m3.sub(m4);
        int o = target + c;
        evenP.add(evenQ).add(fromArray(SPECIES, lines, i)).add(b).intoByteBuffer(to, o << 2, ORDER);
        oddP.fma(all(P), oddQ.fma(all(Q), b)).intoByteBuffer(to, (o + step) << 2, ORDER);
        evenP.fma(all(P2), evenQ.fma(all(Q2), b)).intoByteBuffer(to, (o + 2 * step) << 2, ORDER);
        oddP.fma(all(P3), oddQ.fma(all(Q3), fromArray(SPECIES, lines, i + 5 * LINE)))
            .add(b)
            .intoByteBuffer(to, (o + 3 * step) << 2, ORDER);
      }
    }
  }

  /** A downwards: four rows of pixels to six rows of lines. */
  static void resultGradientDown(PixelRows rows, int width, float[] lines) {
    ByteBuffer row0 = rows.memory[0];
    ByteBuffer row1 = rows.memory[1];
    ByteBuffer row2 = rows.memory[2];
    ByteBuffer row3 = rows.memory[3];
    for (int x = rows.from; x < rows.to; x++) {
      int i0 = rows.first[0] + x * rows.step[0];
      int i1 = rows.first[1] + x * rows.step[1];
      int i2 = rows.first[2] + x * rows.step[2];
      int i3 = rows.first[3] + x * rows.step[3];
      int to = FIRST + x % TILE * LINE + x / TILE * width;
      for (int c = 0; c < width; c += LANES) {
        FloatVector y0 = fromByteBuffer(SPECIES, row0, (i0 + c) << 2, ORDER);
        FloatVector y1 = fromByteBuffer(SPECIES, row1, (i1 + c) << 2, ORDER);
        FloatVector y2 = fromByteBuffer(SPECIES, row2, (i2 + c) << 2, ORDER);
        FloatVector y3 = fromByteBuffer(SPECIES, row3, (i3 + c) << 2, ORDER);
        int o = to + c;
        y0.intoArray(lines, o);
        FloatVector even = y2.fma(all(P2), y0);
        FloatVector odd = y3.fma(all(P3), y1.mul(P));
        even.add(odd).intoArray(lines, o + ROW);
        even.sub(odd).intoArray(lines, o + 2 * ROW);
        even = y2.fma(all(Q2), y0);
        odd = y3.fma(all(Q3), y1.mul(Q));
        even.add(odd).intoArray(lines, o + 3 * ROW);
        even.sub(odd).intoArray(lines, o + 4 * ROW);
        y3.intoArray(lines, o + 5 * ROW);
      }
    }
  }

  /** The same across: six rows of four lines to products. */
  static void resultGradientAcross(float[] lines, StripProducts products) {
    ByteBuffer memory = products.memory;
    int length = products.length;
    int step = products.step;
    for (int row = 0; row < WINDOW; row++) {
      for (int run = 0; run < products.count; run++) {
        int from = FIRST + row * ROW + run * length;
        int to = products.ofRow(row, run);
        for (int k = 0; k < length; k += LANES) {
          int i = from + k;
          FloatVector y0 = fromArray(SPECIES, lines, i);
          FloatVector y1 = fromArray(SPECIES, lines, i + LINE);
          FloatVector y2 = fromArray(SPECIES, lines, i + 2 * LINE);
          FloatVector y3 = fromArray(SPECIES, lines, i + 3 * LINE);
          int o = to + k;
          y0.intoByteBuffer(memory, o << 2, ORDER);
          FloatVector even = y2.fma(all(P2), y0);
          FloatVector odd = y3.fma(all(P3), y1.mul(P));
          even.add(odd).intoByteBuffer(memory, (o + step) << 2, ORDER);
          even.sub(odd).intoByteBuffer(memory, (o + 2 * step) << 2, ORDER);
          even = y2.fma(all(Q2), y0);
          odd = y3.fma(all(Q3), y1.mul(Q));
          even.add(odd).intoByteBuffer(memory, (o + 3 * step) << 2, ORDER);
          even.sub(odd).intoByteBuffer(memory, (o + 4 * step) << 2, ORDER);
          y3.intoByteBuffer(memory, (o + 5 * step) << 2, ORDER);
        }
      }
    }
  }

  /** G downwards: nine taps to six rows of three lines. */
  static void weightsDown(float[] lines, int count) {
    weights(lines, TAP_LINES, TAPS, LINE, FIRST, LINE, TAPS * LINE, count);
  }

  /** The same across: six rows of three lines to products. */
  static void weightsAcross(float[] lines, int count) {
    weights(lines, FIRST, WINDOW, TAPS * LINE, PRODUCT_LINES, PRODUCT_ROW, LINE, count);
  }

  private static void weights(
      float[] lines, int from, int times, int fromStep, int to, int toStep, int apart, int count) {
    for (int time = 0; time < times; time++) {
      for (int k = 0; k < count; k += LANES) {
        int i = from + time * fromStep + k;
        FloatVector g0 = fromArray(SPECIES, lines, i);
        FloatVector g1 = fromArray(SPECIES, lines, i + apart);
        FloatVector g2 = fromArray(SPECIES, lines, i + 2 * apart);
        int o = to + time * toStep + k;
        g0.mul(ZERO_FACTOR).intoArray(lines, o);
        FloatVector even = g2.fma(all(P2), g0).mul(P_FACTOR);
        FloatVector odd = g1.mul(P * P_FACTOR);
        even.add(odd).intoArray(lines, o + apart);
        even.sub(odd).intoArray(lines, o + 2 * apart);
        even = g2.fma(all(Q2), g0).mul(Q_FACTOR);
        odd = g1.mul(Q * Q_FACTOR);
        even.add(odd).intoArray(lines, o + 3 * apart);
        even.sub(odd).intoArray(lines, o + 4 * apart);
        g2.intoArray(lines, o + 5 * apart);
      }
    }
  }

  /** Gᵀ across: products to six rows of three lines. */
  static void weightGradientAcross(float[] lines, int count) {
    weightGradient(lines, PRODUCT_LINES, WINDOW, PRODUCT_ROW, FIRST, TAPS * LINE, LINE, count);
  }

  /** The same downwards: six rows of three lines to nine taps. */
  static void weightGradientDown(float[] lines, int count) {
    weightGradient(lines, FIRST, TAPS, LINE, TAP_LINES, LINE, TAPS * LINE, count);
  }

  private static void weightGradient(
      float[] lines, int from, int times, int fromStep, int to, int toStep, int apart, int count) {
    for (int time = 0; time < times; time++) {
      for (int k = 0; k < count; k += LANES) {
        int i = from + time * fromStep + k;
        FloatVector t1 = fromArray(SPECIES, lines, i + apart);
        FloatVector t2 = fromArray(SPECIES, lines, i + 2 * apart);
        FloatVector t3 = fromArray(SPECIES, lines, i + 3 * apart);
        FloatVector t4 = fromArray(SPECIES, lines, i + 4 * apart);
        FloatVector evenP = t1.add(t2).mul(P_FACTOR);
        FloatVector evenQ = t3.add(t4).mul(Q_FACTOR);
        int o = to + time * toStep + k;
        fromArray(SPECIES, lines, i).fma(all(ZERO_FACTOR), evenP.add(evenQ)).intoArray(lines, o);
        t1.sub(t2).fma(all(P * P_FACTOR), t3.sub(t4).mul(Q * Q_FACTOR)).intoArray(lines, o + apart);
        evenP
            .fma(all(P2), evenQ.fma(all(Q2), fromArray(SPECIES, lines, i + 5 * apart)))
            .intoArray(lines, o + 2 * apart);
      }
    }
  }
}
