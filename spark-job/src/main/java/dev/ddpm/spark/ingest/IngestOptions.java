package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.ResizePolicy;
import dev.ddpm.spark.dataset.BadImagePolicy;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What to ingest, how, and whereto.
 *
 * @param source where the images are
 * @param output folder of the new table, on any file system; absent or empty
 * @param channels the channels of all images
 * @param resize the size of all images; without it they must have one size already
 * @param orientation whether picture files are turned upright as their notes say
 * @param badImages what happens to images that cannot be used
 * @param limit at most so many images, the first ones; at least 1
 */
public record IngestOptions(
    ImageSource source,
    String output,
    ChannelPolicy channels,
    Optional<ResizePolicy> resize,
    Orientation orientation,
    BadImagePolicy badImages,
    OptionalLong limit) {

  /**
   * Checks the limit.
   *
   * @throws DdpmException (user) if it is below 1
   */
  public IngestOptions {
    if (limit.isPresent() && limit.getAsLong() < 1) {
      throw DdpmException.user("limit = %d: must be at least 1.", limit.getAsLong());
    }
  }
}
