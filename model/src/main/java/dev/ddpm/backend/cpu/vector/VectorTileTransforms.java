package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.memory.CpuTensor.floats;
import static dev.ddpm.backend.cpu.vector.Winograd.LINE;
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

/**
 * Tiles in strips beside each other, in vectors of neighbouring channels: down into an array that
 * stays in the nearest cache, and from there across.
 */
final class VectorTileTransforms implements TileTransforms {
  /** Channels at a time. */
  private static final int CHUNK = 64;

  /** The same in narrow images, whose short strips leave room for more. */
  private static final int LARGE_CHUNK = 128;

  /** Tiles of the widest of them, across. */
  private static final int FEW_TILES = 2;

  /** Rows and columns that neighbouring windows share. */
  private static final int SHARED = WINDOW - TILE;

  private static final int TAPS = ConvolutionShape.KERNEL * ConvolutionShape.KERNEL;

  private final float[] lines = AlignedArray.of(Winograd.LENGTH);
  private final PixelRows seen = new PixelRows(LARGE_CHUNK);
  private final PixelRows written = new PixelRows(LARGE_CHUNK);
  private final StripProducts strip = new StripProducts();
  private final float[] biases = new float[LARGE_CHUNK];
  private final float[] zeros = new float[LARGE_CHUNK];
  private final ByteBuffer edge =
      ByteBuffer.allocateDirect(TILE * LARGE_CHUNK * Float.BYTES).order(ByteOrder.nativeOrder());

  @Override
  public void input(TileGrid grid, Tensor image, int first, Tensor tiles) {
    seen.belongTo(grid, image, 1);
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          seen.moveTo(channel, tile, n);
          clearMargin(n * TILE + SHARED, width);
          Winograd.inputDown(seen, width, lines);
          Winograd.inputAcross(lines, width, strip);
        });
  }

  @Override
  public void inputGradient(TileGrid grid, Tensor tiles, int first, Tensor dImage) {
    written.belongTo(grid, dImage, 1);
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          written.moveTo(channel, tile, n);
          clearFirstWritten(width);
          Winograd.inputGradientAcross(strip, width, lines);
          Winograd.inputGradientDown(lines, width, written);
        });
  }

  @Override
  public void resultGradient(TileGrid grid, Tensor dImage, int first, Tensor tiles) {
    seen.belongTo(grid, dImage, 0);
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          seen.moveTo(channel, tile, n);
          clearMargin(n * TILE, width);
          Winograd.resultGradientDown(seen, width, lines);
          Winograd.resultGradientAcross(lines, strip);
        });
  }

  @Override
  public void result(TileGrid grid, Tensor tiles, int first, Tensor bias, Tensor image) {
    written.belongTo(grid, image, 0);
    strips(
        grid,
        first,
        tiles,
        (channel, width, tile, n) -> {
          written.moveTo(channel, tile, n);
          if (bias != null) {
            floats(bias).get(channel, biases, 0, width);
          }
          Winograd.resultDown(strip, lines);
          writeTiles(n, width, bias == null ? zeros : biases);
        });
  }

  /** Something to do with some channels of tiles beside each other, whose products are at hand. */
  private interface StripStep {
    /**
     * Does it.
     *
     * @param tile number of the first tile of the strip in the grid
     */
    void run(int channel, int width, int tile, int tiles);
  }

  /**
   * Cuts a part into strips of about the same length: tiles of one row, for which there is room.
   */
  private void strips(TileGrid grid, int first, Tensor part, StripStep step) {
    int channels = part.columns();
    int count = part.size(1);
    int chunk = grid.across() <= FEW_TILES ? LARGE_CHUNK : CHUNK;
    strip.belongTo(part);
    for (int channel = 0; channel < channels; channel += chunk) {
      int width = Math.min(chunk, channels - channel);
      int most = LINE / width - 1;
      int tiles;
      for (int tile = 0; tile < count; tile += tiles) {
        int left = grid.across() - (first + tile) % grid.across();
        int strips = (left + most - 1) / most;
        tiles = Math.min((left + strips - 1) / strips, count - tile);
        strip.moveTo(channel, width, tile, tiles);
        step.run(channel, width, first + tile, tiles);
      }
    }
  }

  /** Zeros into the lines of columns outside of the image. */
  private void clearMargin(int columns, int width) {
    for (int x = 0; x < columns; x++) {
      if (x < seen.from || x >= seen.to) {
        Winograd.clear(lines, x, width);
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
      int index = written.first[i];
      int step = written.step[i];
      Winograd.resultAcross(lines, i, 0, whole, width, bias, image, index, step);
      if (whole < tiles) {
        Winograd.resultAcross(lines, i, whole, 1, width, bias, edge, 0, width);
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
      read(floats(weight), pairs, pair, count, TAPS, Winograd.TAP_LINES);
      Winograd.weightsDown(lines, count);
      Winograd.weightsAcross(lines, count);
      write(Winograd.PRODUCT_LINES, PRODUCTS, count, floats(transformed), pairs, pair);
    }
  }

  @Override
  public void weightGradient(Tensor transformed, Tensor gradient) {
    int pairs = gradient.length() / TAPS;
    for (int pair = 0; pair < pairs; pair += LINE) {
      int count = Math.min(LINE, pairs - pair);
      read(floats(transformed), pairs, pair, count, PRODUCTS, Winograd.PRODUCT_LINES);
      Winograd.weightGradientAcross(lines, count);
      Winograd.weightGradientDown(lines, count);
      write(Winograd.TAP_LINES, TAPS, count, floats(gradient), pairs, pair);
    }
  }

  /** Some pairs of channels of each tap or product, as lines. */
  private void read(FloatBuffer memory, int pairs, int pair, int count, int times, int to) {
    for (int i = 0; i < times; i++) {
      memory.get(i * pairs + pair, lines, to + i * LINE, count);
    }
  }

  /** The opposite of {@link #read}. */
  private void write(int from, int times, int count, FloatBuffer memory, int pairs, int pair) {
    for (int i = 0; i < times; i++) {
      memory.put(i * pairs + pair, lines, from + i * LINE, count);
    }
  }
}
