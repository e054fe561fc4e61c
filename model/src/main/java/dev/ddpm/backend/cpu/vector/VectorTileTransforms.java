package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.memory.CpuTensor.floats;
import static dev.ddpm.backend.cpu.vector.Winograd.LINE;
import static dev.ddpm.backend.cpu.vector.Winograd.PRODUCT_ROW;
import static dev.ddpm.backend.cpu.vector.Winograd.ROW;
import static dev.ddpm.backend.cpu.winograd.TileGrid.PRODUCTS;
import static dev.ddpm.backend.cpu.winograd.TileGrid.TILE;
import static dev.ddpm.backend.cpu.winograd.TileGrid.WINDOW;

import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.winograd.TileGrid;
import dev.ddpm.backend.cpu.winograd.TileTransforms;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Tiles in strips beside each other, in vectors of neighbouring channels: down into an array that
 * stays in the nearest cache, and from there across.
 */
final class VectorTileTransforms implements TileTransforms {
  /** Channels at a time. */
  private static final int CHUNK = 64;

  /** Rows and columns that neighbouring windows share. */
  private static final int SHARED = WINDOW - TILE;

  private static final int TAPS = ConvolutionShape.KERNEL * ConvolutionShape.KERNEL;

  private final float[] lines = new float[WINDOW * ROW];
  private final PixelRows seen = new PixelRows(CHUNK);
  private final PixelRows written = new PixelRows(CHUNK);
  private final StripProducts strip = new StripProducts();
  private final float[] biases = new float[CHUNK];
  private final float[] zeros = new float[CHUNK];
  private final ByteBuffer edge =
      ByteBuffer.allocateDirect(TILE * CHUNK * Float.BYTES).order(ByteOrder.nativeOrder());

  private final float[] taps = new float[TAPS * LINE];
  private final float[] products = new float[PRODUCTS * LINE];

  @Override
  public void input(TileGrid grid, Tensor image, int first, Tensor tiles) {
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          seen.moveTo(grid, image, channel, first + tile, n, 1);
          strip.moveTo(tiles, channel, width, tile, n);
          clearMargin(n * TILE + SHARED, width);
          Winograd.inputDown(seen, width, lines);
          Winograd.inputAcross(lines, width, strip);
        });
  }

  @Override
  public void inputGradient(TileGrid grid, Tensor tiles, int first, Tensor dImage) {
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          written.moveTo(grid, dImage, channel, first + tile, n, 1);
          strip.moveTo(tiles, channel, width, tile, n);
          clearFirstWritten(width);
          Winograd.inputGradientAcross(strip, width, lines);
          Winograd.inputGradientDown(lines, width, written);
        });
  }

  @Override
  public void resultGradient(TileGrid grid, Tensor dImage, int first, Tensor tiles) {
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          seen.moveTo(grid, dImage, channel, first + tile, n, 0);
          strip.moveTo(tiles, channel, width, tile, n);
          clearMargin(n * TILE, width);
          Winograd.resultGradientDown(seen, width, lines);
          Winograd.resultGradientAcross(lines, strip);
        });
  }

  @Override
  public void result(TileGrid grid, Tensor tiles, int first, Tensor bias, Tensor image) {
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          written.moveTo(grid, image, channel, first + tile, n, 0);
          strip.moveTo(tiles, channel, width, tile, n);
          if (bias != null) {
            floats(bias).get(channel, biases, 0, width);
          }
          Winograd.resultDown(strip, lines);
          writeTiles(n, width, bias == null ? zeros : biases);
        });
  }

  /** Something to do with some channels of tiles beside each other. */
  private interface StripStep {
    /**
     * Does it.
     *
     * @param tile number of the first tile of the strip within its part
     */
    void run(int channel, int width, int tile, int tiles);
  }

  /** Cuts a part into strips: tiles of one row, as many as there is room for. */
  private static void strips(TileGrid grid, int first, Tensor part, StripStep step) {
    int channels = part.columns();
    int count = part.size(1);
    for (int channel = 0; channel < channels; channel += CHUNK) {
      int width = Math.min(CHUNK, channels - channel);
      int tiles;
      for (int tile = 0; tile < count; tile += tiles) {
        int left = grid.across() - (first + tile) % grid.across();
        tiles = Math.min(Math.min(left, count - tile), LINE / width - 1);
        step.run(channel, width, tile, tiles);
      }
    }
  }

  /** Zeros into the lines of columns outside of the image. */
  private void clearMargin(int columns, int width) {
    for (int x = 0; x < columns; x++) {
      if (x < seen.from || x >= seen.to) {
        for (int line = x % TILE * LINE + x / TILE * width; line < WINDOW * ROW; line += ROW) {
          Arrays.fill(lines, line, line + width, 0);
        }
      }
    }
  }

  /** Zeros into the pixels that no window above or to the left has written. */
  private void clearFirstWritten(int width) {
    int column = written.from > 0 ? written.from : SHARED;
    for (int i = written.isInside(0) ? SHARED : 1; i < WINDOW; i++) {
      if (written.isInside(i)) {
        written.clear(i, column, width);
      }
    }
  }

  private void writeTiles(int tiles, int width, float[] bias) {
    int whole = written.to / TILE;
    for (int i = 0; i < TILE; i++) {
      if (!written.isInside(i)) {
        return;
      }
      ByteBuffer image = written.memory[i];
      int line = i * PRODUCT_ROW;
      int index = written.first[i];
      int step = written.step[i];
      Winograd.resultAcross(lines, line, whole, width, bias, image, index, step);
      if (whole < tiles) {
        Winograd.resultAcross(lines, line + whole * width, 1, width, bias, edge, 0, width);
        for (int x = whole * TILE; x < written.to; x++) {
          int from = (x - whole * TILE) * width;
          FloatVectors.copy(edge, from, image, index + x * step, width);
        }
      }
    }
  }

  @Override
  public void weights(Tensor weight, Tensor transformed) {
    int pairs = weight.length() / TAPS;
    for (int pair = 0; pair < pairs; pair += LINE) {
      int count = Math.min(LINE, pairs - pair);
      read(floats(weight), pairs, pair, count, TAPS, taps);
      Winograd.weightsDown(taps, count, lines);
      Winograd.weightsAcross(lines, count, products);
      write(products, PRODUCTS, count, floats(transformed), pairs, pair);
    }
  }

  @Override
  public void weightGradient(Tensor transformed, Tensor gradient) {
    int pairs = gradient.length() / TAPS;
    for (int pair = 0; pair < pairs; pair += LINE) {
      int count = Math.min(LINE, pairs - pair);
      read(floats(transformed), pairs, pair, count, PRODUCTS, products);
      Winograd.weightGradientAcross(products, count, lines);
      Winograd.weightGradientDown(lines, count, taps);
      write(taps, TAPS, count, floats(gradient), pairs, pair);
    }
  }

  /** Some pairs of channels of each tap or product, as lines. */
  private static void read(
      FloatBuffer memory, int pairs, int pair, int count, int times, float[] to) {
    for (int i = 0; i < times; i++) {
      memory.get(i * pairs + pair, to, i * LINE, count);
    }
  }

  /** The opposite of {@link #read}. */
  private static void write(
      float[] from, int times, int count, FloatBuffer memory, int pairs, int pair) {
    for (int i = 0; i < times; i++) {
      memory.put(i * pairs + pair, from, i * LINE, count);
    }
  }
}
