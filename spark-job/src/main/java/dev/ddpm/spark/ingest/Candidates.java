package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.dataset.ImageTable;
import java.util.function.Supplier;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Images on their way into a table. A bad image is a row like any other, with a reason in place of
 * pixels, so that it is counted once, whatever Spark retries or recomputes. File and position say
 * where an image was and in what order the ids are given.
 */
final class Candidates {
  static final String FILE = "file";
  static final String POSITION = "position";
  static final String REASON = "reason";

  /** What all reasons of a kind have in common, such as "is a damaged PNG file". */
  static final String KIND = "kind";

  private Candidates() {}

  static StructType schema() {
    return new StructType()
        .add(FILE, DataTypes.StringType, false)
        .add(POSITION, DataTypes.LongType, false)
        .add(ImageTable.SOURCE, DataTypes.StringType, false)
        .add(ImageTable.LABEL, DataTypes.IntegerType, true)
        .add(ImageTable.IMAGE, DataTypes.BinaryType, true)
        .add(ImageTable.HEIGHT, DataTypes.IntegerType, true)
        .add(ImageTable.WIDTH, DataTypes.IntegerType, true)
        .add(ImageTable.CHANNELS, DataTypes.IntegerType, true)
        .add(REASON, DataTypes.StringType, true)
        .add(KIND, DataTypes.StringType, true);
  }

  /**
   * An image in a file of its own.
   *
   * @param label class, or null
   * @param image decodes and prepares it; a {@link DdpmException} of the category DATA makes it a
   *     bad image
   */
  static Row ofFile(String file, Integer label, Supplier<RawImage> image) {
    return row(file, 0, file, label, image);
  }

  /** An image that has a position in a file of many. */
  static Row ofPosition(String file, long position, Integer label, Supplier<RawImage> image) {
    return row(file, position, file + "#" + position, label, image);
  }

  /**
   * An image in a row of a table or in an archive.
   *
   * @param order what the ids follow first
   * @param position what they follow then
   * @param source what it is called
   */
  static Row ofRow(
      String order, long position, String source, Integer label, Supplier<RawImage> image) {
    return row(order, position, source, label, image);
  }

  /** A file that is known to be no image before it is opened, with the reason. */
  static Row bad(String file, String reason) {
    return bad(file, 0, reason);
  }

  /** A file of many that cannot be read from a position on, with the reason. */
  static Row bad(String file, long position, String reason) {
    return bad(file, position, file, null, reason);
  }

  private static Row row(
      String file, long position, String source, Integer label, Supplier<RawImage> image) {
    try {
      RawImage prepared = image.get();
      return RowFactory.create(
          file,
          position,
          source,
          label,
          ImageCodec.encodePng(prepared),
          prepared.height(),
          prepared.width(),
          prepared.channels(),
          null,
          null);
    } catch (DdpmException e) {
      if (e.category() != DdpmException.Category.DATA) {
        throw e;
      }
      return bad(file, position, source, label, e.getMessage());
    }
  }

  private static Row bad(String file, long position, String source, Integer label, String reason) {
    return RowFactory.create(
        file, position, source, label, null, null, null, null, reason, kind(source, reason));
  }

  /** Messages are made like this: the name, what is wrong, and perhaps a colon and details. */
  private static String kind(String source, String reason) {
    String wrong = reason.startsWith(source) ? reason.substring(source.length()) : reason;
    int details = wrong.indexOf(": ");
    return (details < 0 ? wrong.replaceAll("\\.$", "") : wrong.substring(0, details)).strip();
  }
}
