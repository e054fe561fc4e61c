package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;

/** A way in which a column of a table can hold images, and how one value is read. */
sealed interface StoredImages extends Serializable {

  /**
   * The image of a value, prepared.
   *
   * @param value not null
   * @param name what to call it in errors
   * @throws DdpmException (data) if it is none
   */
  RawImage decode(Object value, String name, Preparation preparation);

  /**
   * Feeds a digest with all that tells a value from others: its bytes, and the path beside them.
   */
  void digest(Object value, MessageDigest digest);

  /** The path that a value brings with it; null if it has none. */
  default String path(Object value) {
    return null;
  }

  /** Whether values are picture files, which may say how the camera was held. */
  default boolean arePictureFiles() {
    return false;
  }

  /** What a message calls this way. */
  String description();

  /**
   * How a column of a type holds images.
   *
   * @param pixels shape of raw pixels, if the user gave one
   * @return empty if a column of this type holds none
   */
  static Optional<StoredImages> of(DataType type, Optional<ImageShape> pixels) {
    if (type instanceof StructType struct) {
      if (SparkImage.fits(struct)) {
        return Optional.of(new SparkImage());
      }
      return FileInStruct.fits(struct) ? Optional.of(new FileInStruct()) : Optional.empty();
    }
    if (type.equals(DataTypes.BinaryType)) {
      return Optional.of(pixels.<StoredImages>map(RawBytes::new).orElseGet(EncodedFile::new));
    }
    return type instanceof ArrayType array && holdsNumbers(array)
        ? Optional.of(new Numbers(pixels.orElse(null)))
        : Optional.empty();
  }

  /**
   * Feeds a digest with bytes so that no other sequence of parts gives the same; null is a part.
   */
  static void update(MessageDigest digest, byte[] part) {
    digest.update(
        ByteBuffer.allocate(Integer.BYTES).putInt(part == null ? -1 : part.length).array());
    if (part != null) {
      digest.update(part);
    }
  }

  /** As {@link #update(MessageDigest, byte[])}, of a text. */
  static void update(MessageDigest digest, String part) {
    update(digest, part == null ? null : part.getBytes(StandardCharsets.UTF_8));
  }

  private static boolean holdsNumbers(ArrayType array) {
    DataType element = array.elementType();
    while (element instanceof ArrayType inner) {
      element = inner.elementType();
    }
    return element instanceof NumericType;
  }

  /** Binary: the bytes of a picture file. */
  record EncodedFile() implements StoredImages {
    @Override
    public RawImage decode(Object value, String name, Preparation preparation) {
      return preparation.decode((byte[]) value, name);
    }

    @Override
    public void digest(Object value, MessageDigest digest) {
      update(digest, (byte[]) value);
    }

    @Override
    public boolean arePictureFiles() {
      return true;
    }

    @Override
    public String description() {
      return "picture files";
    }
  }

  /** Binary: unsigned bytes of shape (height, width, channels). */
  record RawBytes(ImageShape shape) implements StoredImages {
    @Override
    public RawImage decode(Object value, String name, Preparation preparation) {
      byte[] pixels = (byte[]) value;
      if (pixels.length != shape.size()) {
        throw DdpmException.data(
            "%s has not the %d bytes of pixels of %s: it has %d.",
            name, shape.size(), shape, pixels.length);
      }
      return preparation.apply(
          new RawImage(shape.height(), shape.width(), shape.channels(), pixels));
    }

    @Override
    public void digest(Object value, MessageDigest digest) {
      update(digest, (byte[]) value);
    }

    @Override
    public String description() {
      return "raw pixels of " + shape;
    }
  }

  /** The feature Image of Hugging Face's data sets: a struct of bytes and path. */
  record FileInStruct() implements StoredImages {
    private static final String BYTES = "bytes";
    private static final String PATH = "path";

    static boolean fits(StructType struct) {
      return struct.size() == 2
          && List.of(struct.fieldNames()).containsAll(List.of(BYTES, PATH))
          && struct.apply(BYTES).dataType().equals(DataTypes.BinaryType)
          && struct.apply(PATH).dataType().equals(DataTypes.StringType);
    }

    @Override
    public RawImage decode(Object value, String name, Preparation preparation) {
      Row row = (Row) value;
      byte[] bytes = row.getAs(BYTES);
      if (bytes == null) {
        throw DdpmException.data(
            "%s has no bytes, at most a path: the picture itself must be in the table.", name);
      }
      return preparation.decode(bytes, name);
    }

    @Override
    public String path(Object value) {
      return ((Row) value).getAs(PATH);
    }

    @Override
    public void digest(Object value, MessageDigest digest) {
      Row row = (Row) value;
      update(digest, row.<byte[]>getAs(BYTES));
      update(digest, row.<String>getAs(PATH));
    }

    @Override
    public boolean arePictureFiles() {
      return true;
    }

    @Override
    public String description() {
      return "picture files in a struct of bytes and path";
    }
  }

  /** The schema of Spark's data source {@code image}: uncompressed, as OpenCV has it (BGR). */
  record SparkImage() implements StoredImages {
    private static final List<String> FIELDS =
        List.of("origin", "height", "width", "nChannels", "mode", "data");

    static boolean fits(StructType struct) {
      return List.of(struct.fieldNames()).containsAll(FIELDS)
          && struct.apply("origin").dataType().equals(DataTypes.StringType)
          && struct.apply("height").dataType().equals(DataTypes.IntegerType)
          && struct.apply("width").dataType().equals(DataTypes.IntegerType)
          && struct.apply("nChannels").dataType().equals(DataTypes.IntegerType)
          && struct.apply("mode").dataType().equals(DataTypes.IntegerType)
          && struct.apply("data").dataType().equals(DataTypes.BinaryType);
    }

    @Override
    public RawImage decode(Object value, String name, Preparation preparation) {
      Row row = (Row) value;
      int height = row.getAs("height");
      int width = row.getAs("width");
      int channels = row.getAs("nChannels");
      int mode = row.getAs("mode");
      byte[] data = row.getAs("data");
      if (height < 0) {
        throw DdpmException.data("%s could not be decoded by Spark.", name);
      }
      // OpenCV: the depth (0 is unsigned bytes) in three bits, above them the channels less 1.
      if (mode != (channels - 1) << 3) {
        throw DdpmException.data(
            "%s has values that are no unsigned bytes: its OpenCV mode is %d with %d channels.",
            name, mode, channels);
      }
      byte[] pixels = data.clone();
      for (int i = 0; channels >= 3 && i + 2 < pixels.length; i += channels) {
        pixels[i] = data[i + 2];
        pixels[i + 2] = data[i];
      }
      return preparation.apply(new RawImage(height, width, channels, pixels));
    }

    @Override
    public String path(Object value) {
      return ((Row) value).getAs("origin");
    }

    @Override
    public void digest(Object value, MessageDigest digest) {
      Row row = (Row) value;
      update(digest, row.<Integer>getAs("height") + "×" + row.<Integer>getAs("width"));
      update(digest, row.<byte[]>getAs("data"));
      update(digest, row.<String>getAs("origin"));
    }

    @Override
    public String description() {
      return "images of Spark's schema";
    }
  }

  /**
   * Arrays of numbers, whole ones from 0 to 255: nested ones of (height, width) or (height, width,
   * channels), or a flat one.
   *
   * @param shape that of a flat array; null if only nested ones can be read
   */
  record Numbers(ImageShape shape) implements StoredImages {
    private static final int NESTED_GREY = 2;
    private static final int NESTED = 3;

    @Override
    public RawImage decode(Object value, String name, Preparation preparation) {
      NumberArray array = NumberArray.of(value, name);
      List<Integer> found = array.shape();
      ImageShape wanted = shape;
      if (wanted == null) {
        if (found.size() != NESTED && found.size() != NESTED_GREY) {
          throw DdpmException.data(
              "%s is not nested as height×width×channels, as it must be without --pixels: its shape"
                  + " is %s.",
              name, array.describedShape());
        }
        wanted =
            new ImageShape(found.get(0), found.get(1), found.size() == NESTED ? found.get(2) : 1);
        if (wanted.channels() != 1 && wanted.channels() != 3 && wanted.channels() != 4) {
          throw DdpmException.data(
              "%s has not the shape height×width×channels with 1, 3 or 4 channels: it has %s.",
              name, wanted);
        }
      } else if (!array.fits(wanted)) {
        throw DdpmException.data(
            "%s is no array of %d numbers or of shape %s: its shape is %s.",
            name, wanted.size(), wanted, array.describedShape());
      }
      double[] values = array.values();
      byte[] pixels = new byte[values.length];
      for (int i = 0; i < values.length; i++) {
        if (!(values[i] >= 0 && values[i] <= 255) || values[i] != Math.rint(values[i])) {
          throw DdpmException.data(
              "%s has a value that is no whole number from 0 to 255: %s.", name, values[i]);
        }
        pixels[i] = (byte) values[i];
      }
      return preparation.apply(
          new RawImage(wanted.height(), wanted.width(), wanted.channels(), pixels));
    }

    @Override
    public void digest(Object value, MessageDigest digest) {
      update(digest, String.valueOf(javaList(value)));
    }

    @Override
    public String description() {
      return "arrays of numbers" + (shape == null ? "" : " of " + shape);
    }

    private static Object javaList(Object value) {
      return value instanceof scala.collection.Seq<?> seq
          ? JavaConverters.seqAsJavaList(seq).stream().map(Numbers::javaList).toList()
          : value;
    }
  }
}
