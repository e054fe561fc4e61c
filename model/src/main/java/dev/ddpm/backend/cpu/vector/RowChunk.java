package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.AlignedArray.FIRST;

import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.cpu.memory.CpuTensor;

/**
 * Some rows of an image in an {@linkplain AlignedArray aligned array}, a row being a {@link
 * ChannelPeriod}. Loops run over arrays because one over memory reads its bounds and its address
 * anew for every vector, and copying runs of values costs less than that.
 */
final class RowChunk {
  private final int length;
  private float[] values;
  private int rows;

  /**
   * An empty chunk of rows of some length.
   *
   * @param shared an aligned array, in which it is as long as there is room
   */
  RowChunk(int length, float[] shared) {
    this.length = length;
    this.values = shared;
  }

  /**
   * The rows, from {@link AlignedArray#FIRST} on; what follows the last value of the image is
   * rubbish.
   */
  float[] values() {
    return values;
  }

  int length() {
    return length;
  }

  int rows() {
    return rows;
  }

  /** Becomes rows of unknown values. */
  void arrange(int count) {
    rows = count;
    if (values.length < FIRST + count * length) {
      values = AlignedArray.of(count * length);
    }
  }

  /** Becomes the rows from {@code row} on of an image, of which the last may end early. */
  void read(CpuTensor images, GroupNorm shape, int image, int row, int count) {
    arrange(count);
    images.floats().get(index(shape, image, row), values, FIRST, valuesFrom(shape, row));
  }

  /** The opposite of {@link #read}. */
  void write(CpuTensor images, GroupNorm shape, int image, int row) {
    images.floats().put(index(shape, image, row), values, FIRST, valuesFrom(shape, row));
  }

  private int index(GroupNorm shape, int image, int row) {
    return image * shape.imageSize() + row * length;
  }

  private int valuesFrom(GroupNorm shape, int row) {
    return Math.min(rows * length, shape.imageSize() - row * length);
  }

  /** Adds the values of as many rows. */
  void add(RowChunk others) {
    FloatVectors.add(others.values, values, FIRST, rows * length);
  }
}
