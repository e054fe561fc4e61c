package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.memory.CpuTensor.bytes;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.winograd.TileGrid;
import java.nio.ByteBuffer;

/**
 * The products of a strip of tiles, some of their channels, as they lie in (36, tiles, channels):
 * for each product a run of neighbouring values, or one run per tile if there are other channels in
 * between.
 */
final class StripProducts {
  ByteBuffer memory;

  /** Values from one product to the next. */
  int step;

  /** Runs of a product. */
  int count;

  /** Values of a run. */
  int length;

  private int channels;
  private int first;

  /** Makes these products of another part. */
  void belongTo(Tensor products) {
    memory = bytes(products);
    channels = products.columns();
    step = products.size(1) * channels;
  }

  /**
   * Makes these the products of another strip.
   *
   * @param tile number of the first tile within the part
   * @param tiles tiles beside each other
   */
  void moveTo(int channel, int width, int tile, int tiles) {
    boolean all = width == channels;
    first = tile * channels + channel;
    count = all ? 1 : tiles;
    length = all ? tiles * width : width;
  }

  /** Index of a run of the first product of a row. */
  int ofRow(int row, int run) {
    return first + row * TileGrid.WINDOW * step + run * channels;
  }

  /** Index of a run of the first product of a column. */
  int ofColumn(int column, int run) {
    return first + column * step + run * channels;
  }
}
