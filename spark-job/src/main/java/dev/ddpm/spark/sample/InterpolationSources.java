package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.unet.UNetSpec;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.SparkSession;

/**
 * The images to interpolate between.
 *
 * @param table path of an image table
 */
record InterpolationSources(SparkSession spark, String table) {

  /**
   * The images of all pairs, by id.
   *
   * @param unet of the model that is to work on them
   * @throws DdpmException (user) if the table has other images than the model makes, or an id not
   */
  Map<Long, RawImage> read(List<InterpolateJob.Pair> pairs, UNetSpec unet) {
    ImageTableReader reader = ImageTableReader.open(spark, table);
    if (reader.height() != unet.height()
        || reader.width() != unet.width()
        || reader.channels() != unet.imageChannels()) {
      throw DdpmException.user(
          "--data = %s: has images of %d×%d×%d, but the model makes %d×%d×%d.",
          table,
          reader.height(),
          reader.width(),
          reader.channels(),
          unet.height(),
          unet.width(),
          unet.imageChannels());
    }
    Set<Long> ids = new HashSet<>();
    for (InterpolateJob.Pair pair : pairs) {
      ids.add(pair.first());
      ids.add(pair.other());
    }
    for (long id : ids) {
      if (id < 0 || id >= reader.images()) {
        throw DdpmException.user(
            "--pairs: there is no image %d; the table %s has the ids 0 to %d.",
            id, table, reader.images() - 1);
      }
    }
    Map<Long, RawImage> sources = new HashMap<>();
    for (ImageRow row : reader.rows().filter(row -> ids.contains(row.id())).collect()) {
      sources.put(
          row.id(), new RawImage(reader.height(), reader.width(), reader.channels(), row.pixels()));
    }
    return sources;
  }
}
