package dev.ddpm.backend.cpu.vector;

import dev.ddpm.backend.Patches;
import java.nio.ByteBuffer;

/**
 * Windows of images to matrix rows and back. A row of a window is contiguous in both, up to where
 * it leaves the image.
 */
final class VectorPatches {
  /** Values from which on a block copy is faster than a loop. */
  private static final int BLOCK = 16;

  private VectorPatches() {}

  static void gather(Patches patches, ByteBuffer image, ByteBuffer matrix) {
    int down = patches.down();
    int line = patches.across() * patches.size() * patches.size() * patches.channels();
    for (int i = 0; i < patches.batch() * down; i++) {
      gatherLine(patches, image, i / down, i % down, matrix, i * line);
    }
  }

  /** The windows of one image that lie beside each other. */
  private static void gatherLine(
      Patches patches, ByteBuffer image, int number, int down, ByteBuffer matrix, int index) {
    int channels = patches.channels();
    int size = patches.size();
    int width = patches.width();
    int height = patches.height();
    int stride = patches.stride();
    int across = patches.across();
    int top = down * stride - Patches.PADDING;
    int row = size * channels;
    int to = index;
    for (int left = -Patches.PADDING; left < across * stride - Patches.PADDING; left += stride) {
      int first = Math.max(0, left);
      int before = (first - left) * channels;
      int inside = (Math.min(width, left + size) - first) * channels;
      for (int y = top; y < top + size; y++) {
        if (y < 0 || y >= height) {
          zero(matrix, to, row);
        } else {
          zero(matrix, to, before);
          int from = ((number * height + y) * width + first) * channels;
          copy(image, from, matrix, to + before, inside);
          zero(matrix, to + before + inside, row - before - inside);
        }
        to += row;
      }
    }
  }

  static void scatterAdd(Patches patches, ByteBuffer matrix, ByteBuffer image) {
    int down = patches.down();
    int line = patches.across() * patches.size() * patches.size() * patches.channels();
    for (int i = 0; i < patches.batch() * down; i++) {
      scatterLine(patches, matrix, i * line, image, i / down, i % down);
    }
  }

  private static void scatterLine(
      Patches patches, ByteBuffer matrix, int index, ByteBuffer image, int number, int down) {
    int channels = patches.channels();
    int size = patches.size();
    int width = patches.width();
    int height = patches.height();
    int stride = patches.stride();
    int across = patches.across();
    int top = down * stride - Patches.PADDING;
    int row = size * channels;
    int from = index;
    for (int left = -Patches.PADDING; left < across * stride - Patches.PADDING; left += stride) {
      int first = Math.max(0, left);
      int before = (first - left) * channels;
      int inside = (Math.min(width, left + size) - first) * channels;
      for (int y = top; y < top + size; y++) {
        if (y >= 0 && y < height) {
          int to = ((number * height + y) * width + first) * channels;
          FloatVectors.add(matrix, from + before, image, to, inside);
        }
        from += row;
      }
    }
  }

  private static void zero(ByteBuffer memory, int index, int count) {
    for (int i = index; i < index + count; i++) {
      memory.putFloat(i << 2, 0);
    }
  }

  private static void copy(ByteBuffer from, int index, ByteBuffer to, int target, int count) {
    if (count >= BLOCK) {
      ChannelPeriod.copy(from, index, to, target, count);
    } else {
      for (int i = 0; i < count; i++) {
        to.putFloat((target + i) << 2, from.getFloat((index + i) << 2));
      }
    }
  }
}
