package dev.ddpm.image;

import java.awt.image.IndexColorModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Where the first frame of a GIF lies on its screen, which is the picture.
 *
 * @param height of the screen, or what the frame needs if that is more
 * @param width of the screen, or what the frame needs if that is more
 * @param top first row of the frame
 * @param left first column of the frame
 */
record GifScreen(int height, int width, int top, int left) {
  private static final int SCREEN = 6;
  private static final int BLOCKS = 13;
  private static final int EXTENSION = 0x21;
  private static final int FRAME = 0x2c;

  /**
   * Reads it from a file.
   *
   * @throws java.nio.BufferUnderflowException if the file ends before its first frame
   */
  static GifScreen of(byte[] encoded) {
    ByteBuffer file = ByteBuffer.wrap(encoded).order(ByteOrder.LITTLE_ENDIAN).position(SCREEN);
    int width = file.getShort() & 0xffff;
    int height = file.getShort() & 0xffff;
    int flags = file.get();
    int palette = (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    file.position(Math.min(file.limit(), BLOCKS + palette));
    int block = file.get();
    while (block == EXTENSION) {
      file.get();
      int length = file.get() & 0xff;
      while (length > 0) {
        file.position(Math.min(file.limit(), file.position() + length));
        length = file.get() & 0xff;
      }
      block = file.get();
    }
    if (block != FRAME) {
      throw new IllegalArgumentException("There is no frame");
    }
    int left = file.getShort() & 0xffff;
    int top = file.getShort() & 0xffff;
    int frameWidth = file.getShort() & 0xffff;
    int frameHeight = file.getShort() & 0xffff;
    return new GifScreen(
        Math.max(height, top + frameHeight), Math.max(width, left + frameWidth), top, left);
  }

  /**
   * Lays the frame on the screen, which is transparent where the frame can be, and of the first
   * colour of its palette otherwise.
   */
  RawImage show(RawImage frame, IndexColorModel palette) {
    if (frame.height() == height && frame.width() == width) {
      return frame;
    }
    int channels = frame.channels();
    byte[] pixels = new byte[height * width * channels];
    int transparent = palette.getTransparentPixel();
    int colour = palette.getRGB(Math.max(0, transparent));
    for (int i = 0; i < pixels.length; i += channels) {
      pixels[i] = (byte) (colour >> 16);
      if (channels > 1) {
        pixels[i + 1] = (byte) (colour >> 8);
        pixels[i + 2] = (byte) colour;
      }
      if (channels > 3) {
        pixels[i + 3] = (byte) (colour >>> 24);
      }
    }
    Canvas.paste(frame, pixels, width, top, left);
    return new RawImage(height, width, channels, pixels);
  }
}
