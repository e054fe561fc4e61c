package dev.ddpm.backend.cpu.winograd;

/**
 * The tiles of a batch of images. Each is {@link #TILE}² pixels of a convolution's result, and sees
 * {@link #WINDOW}² pixels of its input, from one row above and one column left of it on. Tiles are
 * numbered image by image and row by row; those at the right and at the bottom may overhang.
 *
 * @param batch number of images
 * @param height pixels
 * @param width pixels
 */
public record TileGrid(int batch, int height, int width) {
  /** Height and width of a tile. */
  public static final int TILE = 4;

  /** Height and width of what a tile sees. */
  public static final int WINDOW = TILE + 2;

  /** Products that stand for the 3×3 taps at every pixel of a tile: the values of a window. */
  public static final int PRODUCTS = WINDOW * WINDOW;

  /** Rows of tiles of an image. */
  public int down() {
    return (height + TILE - 1) / TILE;
  }

  /** Tiles beside each other. */
  public int across() {
    return (width + TILE - 1) / TILE;
  }

  /** Tiles of all images. */
  public int tiles() {
    return batch * down() * across();
  }

  /** The first row of a tile within its image. */
  public int top(int tile) {
    return tile / across() % down() * TILE;
  }

  /** The first column of a tile. */
  public int left(int tile) {
    return tile % across() * TILE;
  }

  /** Pixels of the batch before those of the image that a tile lies on. */
  public int imageStart(int tile) {
    return tile / (down() * across()) * height * width;
  }
}
