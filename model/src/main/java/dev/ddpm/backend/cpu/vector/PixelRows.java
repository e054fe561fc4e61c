package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.memory.CpuTensor.bytes;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.winograd.TileGrid;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The rows of pixels that a strip of tiles or of their windows lies on, some of their channels.
 * Rows outside of the image are a single pixel of its own memory, which stands for all of theirs.
 */
final class PixelRows {
  final ByteBuffer[] memory = new ByteBuffer[TileGrid.WINDOW];

  /** Index of the first channel of the first pixel, be it inside of the image or not. */
  final int[] first = new int[TileGrid.WINDOW];

  /** Values from one pixel to the next. */
  final int[] step = new int[TileGrid.WINDOW];

  /** The first column that is inside of the image. */
  int from;

  /** The column after the last that is. */
  int to;

  private static final byte[] ZEROS = new byte[Winograd.ROW * Float.BYTES];

  private final ByteBuffer outside;
  private TileGrid grid;
  private ByteBuffer images;
  private int channels;
  private int margin;

  PixelRows(int width) {
    outside = ByteBuffer.allocateDirect(width * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  /**
   * Makes these rows of other images.
   *
   * @param around pixels around a strip's tiles that belong to it
   */
  void belongTo(TileGrid tiles, Tensor batch, int around) {
    grid = tiles;
    images = bytes(batch);
    channels = batch.columns();
    margin = around;
  }

  /**
   * Makes these the rows of another strip.
   *
   * @param tile number of the first tile
   * @param tiles tiles beside each other
   */
  void moveTo(int channel, int tile, int tiles) {
    int top = grid.top(tile) - margin;
    int left = grid.left(tile) - margin;
    int corner = grid.imageStart(tile) + top * grid.width() + left;
    from = Math.max(0, -left);
    to = Math.min(tiles * TileGrid.TILE + 2 * margin, grid.width() - left);
    for (int i = 0; i < TileGrid.TILE + 2 * margin; i++) {
      boolean inside = top + i >= 0 && top + i < grid.height();
      memory[i] = inside ? images : outside;
      first[i] = inside ? (corner + i * grid.width()) * channels + channel : 0;
      step[i] = inside ? channels : 0;
    }
  }

  /** Whether a row is inside of the image. */
  boolean isInside(int row) {
    return memory[row] != outside;
  }

  /** Sets the pixels of a row from a column on to zero. */
  void clear(int row, int column, int width) {
    if (step[row] == width) {
      clear(row, column, 1, (to - column) * width);
    } else {
      clear(row, column, to - column, width);
    }
  }

  private void clear(int row, int column, int runs, int length) {
    for (int run = 0; run < runs; run++) {
      int index = first[row] + (column + run) * step[row];
      memory[row].put(index * Float.BYTES, ZEROS, 0, length * Float.BYTES);
    }
  }
}
