package dev.ddpm.spark.dataset;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import java.io.Serializable;
import java.util.Arrays;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * Turns a stored row (id, image, label) into pixels.
 *
 * @param table path of the table, for errors
 * @param height rows of every image
 * @param width columns of every image
 * @param channels channels of every image
 */
record RowDecoder(String table, int height, int width, int channels) implements Serializable {
  private static final byte[] JPEG_BEGIN = {(byte) 0xff, (byte) 0xd8, (byte) 0xff};
  private static final byte[] JPEG_END = {(byte) 0xff, (byte) 0xd9};

  ImageRow decode(Row row) {
    long id = row.getLong(0);
    if (row.isNullAt(1)) {
      throw DdpmException.data("Image %d of the table %s is null.", id, table);
    }
    byte[] stored = row.getAs(1);
    return new ImageRow(
        id, pixels(id, stored), row.isNullAt(2) ? null : Integer.valueOf(row.getInt(2)));
  }

  /** The id of a row, and why its image cannot be used; null if it can. */
  Tuple2<Long, String> fault(Row row) {
    try {
      decode(row);
      return new Tuple2<>(row.getLong(0), null);
    } catch (DdpmException bad) {
      return new Tuple2<>(row.getLong(0), bad.getMessage());
    }
  }

  private byte[] pixels(long id, byte[] stored) {
    if (stored.length == height * width * channels
        && !ImageCodec.isPng(stored)
        && !isWholeJpeg(stored)) {
      return stored;
    }
    if (!ImageCodec.isPicture(stored)) {
      throw DdpmException.data(
          "Image %d of the table %s is no PNG and has %d bytes: raw pixels of %d×%d×%d have %d.",
          id, table, stored.length, height, width, channels, height * width * channels);
    }
    RawImage image = ImageCodec.decode(stored, "Image " + id + " of the table " + table);
    if (image.height() != height || image.width() != width || image.channels() != channels) {
      throw DdpmException.data(
          "Image %d of the table %s is %s, but its columns say %d×%d×%d.",
          id, table, image.shape(), height, width, channels);
    }
    return image.pixels();
  }

  /** Raw pixels that begin and end like this by chance are one in 2⁴⁰. */
  private static boolean isWholeJpeg(byte[] stored) {
    int last = stored.length - 1;
    return last > JPEG_BEGIN.length + JPEG_END.length
        && Arrays.equals(stored, 0, JPEG_BEGIN.length, JPEG_BEGIN, 0, JPEG_BEGIN.length)
        && Arrays.equals(stored, last - 1, last + 1, JPEG_END, 0, JPEG_END.length);
  }
}
