package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import dev.ddpm.backend.Layout;
import java.nio.ByteBuffer;

/** Copies a few rows of an image between the two layouts, of which the rows stay in the caches. */
final class ChannelBlocks {
  private ChannelBlocks() {}

  /**
   * Positions [first, first + count) of an image in blocks as rows.
   *
   * @param base where the image begins
   * @param rows receives (count, channels) at its beginning
   */
  static void toRows(
      ByteBuffer blocks,
      int base,
      int positions,
      int channels,
      int first,
      int count,
      ByteBuffer rows) {
    for (int channel = 0; channel < channels; channel += Layout.BLOCK) {
      int from = base + channel * positions + first * Layout.BLOCK;
      for (int v = 0; v < Layout.BLOCK; v += LANES) {
        copy(blocks, from + v, Layout.BLOCK, rows, channel + v, channels, count);
      }
    }
  }

  /** The opposite of {@link #toRows}. */
  static void toBlocks(
      ByteBuffer rows,
      ByteBuffer blocks,
      int base,
      int positions,
      int channels,
      int first,
      int count) {
    for (int channel = 0; channel < channels; channel += Layout.BLOCK) {
      int to = base + channel * positions + first * Layout.BLOCK;
      for (int v = 0; v < Layout.BLOCK; v += LANES) {
        copy(rows, channel + v, channels, blocks, to + v, Layout.BLOCK, count);
      }
    }
  }

  private static void copy(
      ByteBuffer from,
      int fromBase,
      int fromStep,
      ByteBuffer to,
      int toBase,
      int toStep,
      int count) {
    for (int i = 0; i < count; i++) {
      fromByteBuffer(SPECIES, from, (fromBase + i * fromStep) << 2, ORDER)
          .intoByteBuffer(to, (toBase + i * toStep) << 2, ORDER);
    }
  }
}
