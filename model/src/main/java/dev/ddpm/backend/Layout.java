package dev.ddpm.backend;

/** How the values of images lie in memory. */
public enum Layout {
  /** (batch, height, width, channels): the channels of a pixel beside each other. */
  ROWS,

  /**
   * (batch, channels / 16, height, width, 16), aligned to cache lines: oneDNN's nChw16c, between
   * operations that know it. Seen as an array it has the shape of {@link #ROWS}, but not its order.
   */
  BLOCKS;

  /** Channels of a block. */
  public static final int BLOCK = 16;
}
