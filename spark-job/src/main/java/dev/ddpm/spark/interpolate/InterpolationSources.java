package dev.ddpm.spark.interpolate;

import dev.ddpm.DdpmException;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The images to interpolate between.
 *
 * @param reader of an image table
 * @param table its path
 */
record InterpolationSources(ImageTableReader reader, String table) {

  /**
   * The images of all pairs, by id.
   *
   * @throws DdpmException (user) if the table has not one of the ids
   */
  Map<Long, RawImage> read(List<InterpolateJob.Pair> pairs) {
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
