package dev.ddpm.spark.ingest;

import dev.ddpm.image.Channels;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Where images come from. */
public interface ImageSource {

  /** What it is and where, for logs and the table's description. */
  String description();

  /** The channels of every image, where the format has only one kind or the input tells them. */
  Optional<Channels> channels(SparkSession spark);

  /**
   * Finds all images and says how they are read and prepared; Spark does it when they are needed.
   *
   * @param preparation what is done with each image
   * @throws dev.ddpm.DdpmException (data) if the input does not exist or is not of the source's
   *     kind
   */
  SourceImages read(SparkSession spark, Preparation preparation);
}
