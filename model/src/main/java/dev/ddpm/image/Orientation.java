package dev.ddpm.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What is done with the note of a camera on how it was held (EXIF orientation). */
public enum Orientation {
  /** The picture is turned and mirrored until it stands as it was seen. */
  APPLY,
  /** Rows and columns stay as they are stored. */
  IGNORE;

  private static final int UPRIGHT = 1;
  private static final int TAG = 0x0112;
  private static final int ENTRY = 12;

  /**
   * Looks up the orientation in EXIF data, which has the form of a TIFF file. Data that cannot be
   * read says nothing.
   *
   * @param exif from its byte-order mark on
   * @return 1 to 8; 1 is upright
   */
  static int of(ByteBuffer exif) {
    ByteBuffer tiff = exif.slice();
    if (tiff.remaining() < 8) {
      return UPRIGHT;
    }
    boolean little = tiff.get(0) == 'I';
    tiff.order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    if (directory < 8 || directory > tiff.limit() - 2) {
      return UPRIGHT;
    }
    int entries = tiff.getShort(directory) & 0xffff;
    for (int i = 0; i < entries; i++) {
      int entry = directory + 2 + ENTRY * i;
      if (entry > tiff.limit() - ENTRY) {
        return UPRIGHT;
      }
      if ((tiff.getShort(entry) & 0xffff) == TAG) {
        int orientation = tiff.getShort(entry + 8) & 0xffff;
        return orientation >= 1 && orientation <= 8 ? orientation : UPRIGHT;
      }
    }
    return UPRIGHT;
  }

  /**
   * Makes a stored picture upright.
   *
   * @param orientation as EXIF counts: what is the first row and the first column of the stored
   *     picture; 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7
   *     right bottom, 8 left bottom
   */
  static RawImage upright(RawImage stored, int orientation) {
    if (orientation == UPRIGHT) {
      return stored;
    }
    boolean swapped = orientation >= 5;
    boolean fromBottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    boolean fromRight =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    int height = swapped ? stored.width() : stored.height();
    int width = swapped ? stored.height() : stored.width();
    int channels = stored.channels();
    byte[] pixels = new byte[stored.pixels().length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int row = swapped ? x : y;
        int column = swapped ? y : x;
        int storedRow = fromBottom ? stored.height() - 1 - row : row;
        int storedColumn = fromRight ? stored.width() - 1 - column : column;
        System.arraycopy(
            stored.pixels(),
            (storedRow * stored.width() + storedColumn) * channels,
            pixels,
            (y * width + x) * channels,
            channels);
      }
    }
    return new RawImage(height, width, channels, pixels);
  }
}
