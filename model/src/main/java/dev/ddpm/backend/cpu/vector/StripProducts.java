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

  private int first;
  private int apart;

  /**
   * Makes these the products of another strip.
   *
   * @param tile number of the first tile in {@code products}
   * @param tiles tiles beside each other
   */
  void moveTo(Tensor products, int channel, int width, int tile, int tiles) {
    int channels = products.columns();
    boolean all = width == channels;
    memory = bytes(products);
    step = products.size(1) * channels;
    first = tile * channels + channel;
    count = all ? 1 : tiles;
    length = all ? tiles * width : width;
    apart = channels;
  }

  /** Index of a run of the first product of a row, the runs being numbered row by row. */
  int ofRow(int run) {
    return first + run / count * TileGrid.WINDOW * step + run % count * apart;
  }

  /** Index of a run of the first product of a column, the runs being numbered column by column. */
  int ofColumn(int run) {
    return first + run / count * step + run % count * apart;
  }
}
