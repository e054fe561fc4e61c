package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.Serializable;

/**
 * How an IDX file begins (the format of MNIST): two zero bytes, the type of the values, the number
 * of dimensions, then the length of each as a big-endian int.
 *
 * @param count images or labels in the file
 * @param height rows of each image; 1 for labels
 * @param width columns of each image; 1 for labels
 */
record IdxHeader(int count, int height, int width) implements Serializable {
  private static final int IMAGES = 0x0803;
  private static final int LABELS = 0x0801;

  /** Reads the header of a file of unsigned bytes of shape (count, height, width). */
  static IdxHeader ofImages(DataInputStream file, String path) {
    try {
      checkMagic(file, IMAGES, "an IDX file of images", path);
      IdxHeader header = new IdxHeader(file.readInt(), file.readInt(), file.readInt());
      if (header.count < 0
          || header.height < 1
          || header.width < 1
          || (long) header.height * header.width > ImageCodec.MAX_PIXELS) {
        throw DdpmException.data(
            "%s declares %d images of %d×%d pixels (height×width): each may have 1 to %d pixels.",
            path, header.count, header.height, header.width, ImageCodec.MAX_PIXELS);
      }
      return header;
    } catch (IOException e) {
      throw InputFiles.failed(path, e);
    }
  }

  /** Reads the header of a file of unsigned bytes of shape (count). */
  static IdxHeader ofLabels(DataInputStream file, String path) {
    try {
      checkMagic(file, LABELS, "an IDX file of labels", path);
      return new IdxHeader(file.readInt(), 1, 1);
    } catch (IOException e) {
      throw InputFiles.failed(path, e);
    }
  }

  private static void checkMagic(DataInputStream file, int magic, String kind, String path)
      throws IOException {
    int found = file.readInt();
    if (found != magic) {
      throw DdpmException.data(
          "%s is not %s: it begins with the bytes %08x instead of %08x.", path, kind, found, magic);
    }
  }

  /** Bytes per image or label. */
  int itemSize() {
    return height * width;
  }
}
