package dev.ddpm.spark.ingest;

import dev.ddpm.image.ImageShape;
import java.util.Map;
import java.util.Optional;

/**
 * How the images of a foreign table are found; whatever is left out is told by the table itself.
 *
 * @param format data source of Spark, such as parquet, orc, delta, iceberg, avro or image
 * @param read options of that data source, such as versionAsOf
 * @param split of a table whose files are named after splits, such as train; {@value #ALL_SPLITS}
 *     takes all
 * @param where SQL condition on the rows
 * @param image column of the images, nested with a dot
 * @param label column of the classes, nested with a dot
 * @param key column by which the images are numbered; without it they are by their content
 * @param pixels shape of images that are raw pixels in this order, not files
 */
public record TableOptions(
    Optional<String> format,
    Map<String, String> read,
    Optional<String> split,
    Optional<String> where,
    Optional<String> image,
    Optional<String> label,
    Optional<String> key,
    Optional<ImageShape> pixels) {
  static final String ALL_SPLITS = "all";

  /** Copies the options. */
  public TableOptions {
    read = Map.copyOf(read);
  }

  /** Nothing but what the table itself tells. */
  public static TableOptions none() {
    return new TableOptions(
        Optional.empty(),
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }
}
