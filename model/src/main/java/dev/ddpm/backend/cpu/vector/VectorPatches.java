package dev.ddpm.backend.cpu.vector;

import dev.ddpm.backend.Patches;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Copies windows out of images and adds them up again: a line of windows that lie beside each other
 * at a time, in arrays, because most runs of a window are a few values long.
 */
final class VectorPatches {
  /** Values from which on a run is copied faster by the library. */
  private static final int LONG_RUN = 16;

  private float[] line = new float[0];
  private float[] rows = new float[0];

  /** Writes the windows of all images to the rows of a matrix. */
  void gather(Patches patches, FloatBuffer images, FloatBuffer matrix) {
    int down = patches.down();
    int length = prepare(patches);
    for (int i = 0; i < patches.batch() * down; i++) {
      int top = top(patches, i % down);
      int first = Math.max(0, top);
      images.get(rowIndex(patches, i / down, first), rows, 0, rowValues(patches, top));
      gatherLine(patches, top, first);
      matrix.put(i * length, line, 0, length);
    }
  }

  /** Adds the rows of a matrix to the pixels whose windows they are. */
  void scatterAdd(Patches patches, FloatBuffer matrix, FloatBuffer images) {
    int down = patches.down();
    int length = prepare(patches);
    for (int i = 0; i < patches.batch() * down; i++) {
      int top = top(patches, i % down);
      int first = Math.max(0, top);
      int index = rowIndex(patches, i / down, first);
      matrix.get(i * length, line, 0, length);
      images.get(index, rows, 0, rowValues(patches, top));
      scatterLine(patches, top, first);
      images.put(index, rows, 0, rowValues(patches, top));
    }
  }

  /**
   * Makes room for a line of windows, whose length it returns, and for the image's rows that they
   * cover.
   */
  private int prepare(Patches patches) {
    int width = patches.size() * patches.channels();
    int length = patches.across() * patches.size() * width;
    if (line.length < length) {
      line = new float[length];
    }
    int most = patches.size() * patches.width() * patches.channels();
    if (rows.length < most) {
      rows = new float[most];
    }
    return length;
  }

  private static int top(Patches patches, int down) {
    return down * patches.stride() - Patches.PADDING;
  }

  private static int rowIndex(Patches patches, int image, int row) {
    return (image * patches.height() + row) * patches.width() * patches.channels();
  }

  /** Values of the image's rows that windows cover. */
  private static int rowValues(Patches patches, int top) {
    int covered = Math.min(patches.height(), top + patches.size()) - Math.max(0, top);
    return Math.max(0, covered) * patches.width() * patches.channels();
  }

  private void gatherLine(Patches patches, int top, int firstRow) {
    int channels = patches.channels();
    int size = patches.size();
    int width = patches.width();
    int row = size * channels;
    int end = patches.across() * patches.stride() - Patches.PADDING;
    int to = 0;
    for (int left = -Patches.PADDING; left < end; left += patches.stride()) {
      int first = Math.max(0, left);
      int before = (first - left) * channels;
      int inside = (Math.min(width, left + size) - first) * channels;
      for (int y = top; y < top + size; y++) {
        if (y < 0 || y >= patches.height()) {
          clear(to, row);
        } else {
          clear(to, before);
          copy(((y - firstRow) * width + first) * channels, to + before, inside);
          clear(to + before + inside, row - before - inside);
        }
        to += row;
      }
    }
  }

  private void scatterLine(Patches patches, int top, int firstRow) {
    int channels = patches.channels();
    int size = patches.size();
    int width = patches.width();
    int row = size * channels;
    int end = patches.across() * patches.stride() - Patches.PADDING;
    int from = 0;
    for (int left = -Patches.PADDING; left < end; left += patches.stride()) {
      int first = Math.max(0, left);
      int before = (first - left) * channels;
      int inside = (Math.min(width, left + size) - first) * channels;
      for (int y = top; y < top + size; y++) {
        if (y >= 0 && y < patches.height()) {
          add(from + before, ((y - firstRow) * width + first) * channels, inside);
        }
        from += row;
      }
    }
  }

  private void clear(int index, int count) {
    if (count >= LONG_RUN) {
      Arrays.fill(line, index, index + count, 0);
    } else {
      for (int i = index; i < index + count; i++) {
        line[i] = 0;
      }
    }
  }

  private void copy(int from, int to, int count) {
    if (count >= LONG_RUN) {
      System.arraycopy(rows, from, line, to, count);
    } else {
      for (int i = 0; i < count; i++) {
        line[to + i] = rows[from + i];
      }
    }
  }

  private void add(int from, int to, int count) {
    for (int i = 0; i < count; i++) {
      rows[to + i] += line[from + i];
    }
  }
}
