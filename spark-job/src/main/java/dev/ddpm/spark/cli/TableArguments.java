package dev.ddpm.spark.cli;

import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.ingest.TableOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that only {@code ingest --source table} has. */
final class TableArguments {
  @Option(
      names = "--format",
      paramLabel = "NAME",
      description =
          "With --source table: the data source of Spark that reads it, such as parquet, orc, avro,"
              + " delta, iceberg or image (default: what the files are).")
  Optional<String> format;

  @Option(
      names = "--option",
      paramLabel = "KEY=VALUE",
      description =
          "With --source table: an option of that data source, such as versionAsOf=3; may be"
              + " repeated.")
  Map<String, String> read = Map.of();

  @Option(
      names = "--split",
      paramLabel = "NAME",
      description =
          "With --source table: read only the files of this split, as Hugging Face names them"
              + " (default: train if there are several); all takes them all.")
  Optional<String> split;

  @Option(
      names = "--where",
      paramLabel = "CONDITION",
      description = "With --source table: SQL condition on the rows.")
  Optional<String> where;

  @Option(
      names = "--image-column",
      paramLabel = "COLUMN",
      description =
          "With --source table: column of the images, in a struct with a dot (image.bytes): picture"
              + " files, raw pixels, arrays of numbers, or Spark's or Hugging Face's images"
              + " (default: the only column that can be it).")
  Optional<String> image;

  @Option(
      names = "--label-column",
      paramLabel = "COLUMN",
      description =
          "With --source table: column of the classes: integers, or names, which get numbers in"
              + " their order (default: Hugging Face's, or label if there is such a column).")
  Optional<String> label;

  @Option(
      names = "--key-column",
      paramLabel = "COLUMN",
      description =
          "With --source table: column whose order the ids follow, each value once (default: id of"
              + " a table that ingest has made; else the ids follow a hash of image and label).")
  Optional<String> key;

  @Option(
      names = "--pixels",
      paramLabel = "HxWxC",
      converter = ShapeConverter.class,
      description =
          "With --source table: the images are raw pixels of this shape, unsigned bytes or arrays"
              + " of numbers from 0 to 255; 28x28 is 28x28x1.")
  Optional<ImageShape> pixels;

  /** Those that were given. */
  List<String> given() {
    List<String> given = new ArrayList<>();
    format.ifPresent(unused -> given.add("--format"));
    read.keySet().stream().limit(1).forEach(unused -> given.add("--option"));
    split.ifPresent(unused -> given.add("--split"));
    where.ifPresent(unused -> given.add("--where"));
    image.ifPresent(unused -> given.add("--image-column"));
    label.ifPresent(unused -> given.add("--label-column"));
    key.ifPresent(unused -> given.add("--key-column"));
    pixels.ifPresent(unused -> given.add("--pixels"));
    return given;
  }

  TableOptions options() {
    return new TableOptions(format, read, split, where, image, label, key, pixels);
  }

  /** Reads {@code 32x32x3} or {@code 28x28}. */
  static final class ShapeConverter implements ITypeConverter<ImageShape> {
    private static final Pattern SHAPE =
        Pattern.compile("([1-9]\\d{0,3})[x×]([1-9]\\d{0,3})(?:[x×]([134]))?");

    @Override
    public ImageShape convert(String text) {
      Matcher shape = SHAPE.matcher(text);
      if (!shape.matches()) {
        throw new TypeConversionException(
            "'" + text + "' is not height x width x channels (1, 3 or 4), such as 32x32x3");
      }
      return new ImageShape(
          Integer.parseInt(shape.group(1)),
          Integer.parseInt(shape.group(2)),
          shape.group(3) == null ? 1 : Integer.parseInt(shape.group(3)));
    }
  }
}
