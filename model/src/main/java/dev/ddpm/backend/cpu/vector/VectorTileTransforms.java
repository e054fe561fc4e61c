package dev.ddpm.backend.cpu.vector;

import static dev.ddpm.backend.cpu.memory.CpuTensor.bytes;
import static dev.ddpm.backend.cpu.vector.FloatVectors.LANES;
import static dev.ddpm.backend.cpu.vector.FloatVectors.ORDER;
import static dev.ddpm.backend.cpu.vector.FloatVectors.SPECIES;
import static dev.ddpm.backend.cpu.winograd.TileGrid.PRODUCTS;
import static dev.ddpm.backend.cpu.winograd.TileGrid.TILE;
import static dev.ddpm.backend.cpu.winograd.TileGrid.WINDOW;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromByteBuffer;

import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.winograd.TileGrid;
import dev.ddpm.backend.cpu.winograd.TileTransforms;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Tiles in vectors of neighbouring channels, a few channels at a time: first along one axis of the
 * tile into memory that stays in the nearest cache, then along the other.
 */
final class VectorTileTransforms implements TileTransforms {
  /** Channels at a time, for which all values of a window take 9 KiB. */
  private static final int CHUNK = 64;

  private static final int TAPS = ConvolutionShape.KERNEL;

  private final float[] half = new float[PRODUCTS * CHUNK];
  private final ByteBuffer halfWeights = memory(TAPS * WINDOW * CHUNK);
  private final ByteBuffer edge = memory(WINDOW * CHUNK);
  private final ByteBuffer noBias = memory(CHUNK);

  private static ByteBuffer memory(int values) {
    return ByteBuffer.allocateDirect(values * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  @Override
  public void input(TileGrid grid, Tensor image, int first, Tensor tiles) {
    spread(grid, image, first, tiles, true);
  }

  @Override
  public void resultGradient(TileGrid grid, Tensor dImage, int first, Tensor tiles) {
    spread(grid, dImage, first, tiles, false);
  }

  /**
   * From pixels to products.
   *
   * @param windows whether the pixels are those of windows or those of tiles
   */
  private void spread(TileGrid grid, Tensor image, int first, Tensor tiles, boolean windows) {
    int count = tiles.size(1);
    int channels = tiles.columns();
    int margin = windows ? 1 : 0;
    int size = windows ? WINDOW : TILE;
    for (int t = 0; t < count; t++) {
      int top = grid.top(first + t) - margin;
      int left = grid.left(first + t) - margin;
      for (int channel = 0; channel < channels; channel += CHUNK) {
        int width = Math.min(CHUNK, channels - channel);
        for (int i = 0; i < size; i++) {
          int to = i * WINDOW * width;
          int row = top + i;
          if (row < 0 || row >= grid.height()) {
            Arrays.fill(half, to, to + WINDOW * width, 0);
            continue;
          }
          int from = (grid.rowStart(first + t, row) + left) * channels + channel;
          boolean inside = left >= 0 && left + size <= grid.width();
          if (!inside) {
            stage(bytes(image), from, channels, left, grid.width(), size, width);
          }
          ByteBuffer pixels = inside ? bytes(image) : edge;
          int index = inside ? from : 0;
          int step = inside ? channels : width;
          if (windows) {
            Winograd.input(pixels, index, step, width, half, to, width);
          } else {
            Winograd.resultGradient(pixels, index, step, width, half, to, width);
          }
        }
        int next = WINDOW * count * channels;
        for (int j = 0; j < WINDOW; j++) {
          int to = (j * count + t) * channels + channel;
          if (windows) {
            Winograd.input(half, j * width, WINDOW * width, width, bytes(tiles), to, next);
          } else {
            Winograd.resultGradient(half, j * width, WINDOW * width, width, bytes(tiles), to, next);
          }
        }
      }
    }
  }

  /** Copies a row of pixels, of which some are outside of the image. */
  private void stage(
      ByteBuffer image, int from, int channels, int left, int width, int size, int count) {
    for (int j = 0; j < size; j++) {
      if (left + j < 0 || left + j >= width) {
        zero(edge, j * count, count);
      } else {
        copy(image, from + j * channels, edge, j * count, count);
      }
    }
  }

  @Override
  public void result(TileGrid grid, Tensor tiles, int first, Tensor bias, Tensor image) {
    int count = tiles.size(1);
    int channels = tiles.columns();
    ByteBuffer biases = bias == null ? noBias : bytes(bias);
    for (int t = 0; t < count; t++) {
      int top = grid.top(first + t);
      int left = grid.left(first + t);
      int rows = Math.min(TILE, grid.height() - top);
      int columns = Math.min(TILE, grid.width() - left);
      for (int channel = 0; channel < channels; channel += CHUNK) {
        int width = Math.min(CHUNK, channels - channel);
        for (int j = 0; j < WINDOW; j++) {
          Winograd.result(
              bytes(tiles),
              (j * count + t) * channels + channel,
              WINDOW * count * channels,
              width,
              half,
              j * width,
              WINDOW * width);
        }
        int biasIndex = bias == null ? 0 : channel;
        for (int i = 0; i < rows; i++) {
          int to = (grid.rowStart(first + t, top + i) + left) * channels + channel;
          boolean inside = columns == TILE;
          Winograd.result(
              half,
              i * WINDOW * width,
              width,
              width,
              biases,
              biasIndex,
              inside ? bytes(image) : edge,
              inside ? to : 0,
              inside ? channels : width);
          for (int j = 0; !inside && j < columns; j++) {
            copy(edge, j * width, bytes(image), to + j * channels, width);
          }
        }
      }
    }
  }

  @Override
  public void weights(Tensor weight, boolean flipped, Tensor transformed) {
    int pairs = weight.length() / (TAPS * TAPS);
    for (int pair = 0; pair < pairs; pair += CHUNK) {
      int width = Math.min(CHUNK, pairs - pair);
      for (int i = 0; i < TAPS; i++) {
        int tap = flipped ? TAPS * TAPS - 1 - i * TAPS : i * TAPS;
        Winograd.weights(
            bytes(weight),
            tap * pairs + pair,
            flipped ? -pairs : pairs,
            width,
            halfWeights,
            i * WINDOW * width,
            width);
      }
      for (int j = 0; j < WINDOW; j++) {
        Winograd.weights(
            halfWeights,
            j * width,
            WINDOW * width,
            width,
            bytes(transformed),
            j * pairs + pair,
            WINDOW * pairs);
      }
    }
  }

  @Override
  public void weightGradient(Tensor transformed, Tensor gradient) {
    int pairs = gradient.length() / (TAPS * TAPS);
    for (int pair = 0; pair < pairs; pair += CHUNK) {
      int width = Math.min(CHUNK, pairs - pair);
      for (int j = 0; j < WINDOW; j++) {
        Winograd.weightGradient(
            bytes(transformed),
            j * pairs + pair,
            WINDOW * pairs,
            width,
            halfWeights,
            j * width,
            WINDOW * width);
      }
      for (int i = 0; i < TAPS; i++) {
        Winograd.weightGradient(
            halfWeights,
            i * WINDOW * width,
            width,
            width,
            bytes(gradient),
            i * TAPS * pairs + pair,
            pairs);
      }
    }
  }

  private static void zero(ByteBuffer memory, int index, int count) {
    for (int i = index; i < index + count; i += LANES) {
      broadcast(SPECIES, 0).intoByteBuffer(memory, i << 2, ORDER);
    }
  }

  private static void copy(ByteBuffer from, int index, ByteBuffer to, int target, int count) {
    for (int i = 0; i < count; i += LANES) {
      fromByteBuffer(SPECIES, from, (index + i) << 2, ORDER)
          .intoByteBuffer(to, (target + i) << 2, ORDER);
    }
  }
}
