package dev.ddpm.spark.interpolate;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.stored.DrawnClasses;
import dev.ddpm.spark.stored.TableClasses;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The images to interpolate between, and their classes.
 *
 * @param reader of an image table
 * @param table its path
 */
record InterpolationSources(ImageTableReader reader, String table) {

  /**
   * What is read of an image.
   *
   * @param label as the table has it, or null
   */
  record Source(RawImage image, Integer label) {}

  /**
   * The images of all pairs, by id.
   *
   * @throws DdpmException (user) if the table has not one of the ids
   */
  Map<Long, Source> read(List<InterpolateJob.Pair> pairs) {
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
    Map<Long, Source> sources = new HashMap<>();
    for (ImageRow row : reader.rows().filter(row -> ids.contains(row.id())).collect()) {
      sources.put(
          row.id(),
          new Source(
              new RawImage(reader.height(), reader.width(), reader.channels(), row.pixels()),
              row.label()));
    }
    return sources;
  }

  /**
   * The classes of images, by id.
   *
   * @param labels of the model
   * @param all name or number of a class that all are taken to be of; by default each is of its own
   * @return empty if the model knows no classes
   * @throws DdpmException (user) if the model does not know a class, or an image has none and the
   *     model needs one
   */
  Map<Long, Integer> classes(Map<Long, Source> sources, ClassLabels labels, Optional<String> all) {
    if (!labels.exist()) {
      if (all.isPresent()) {
        throw DdpmException.user("--class = %s: the model knows no classes.", all.get());
      }
      return Map.of();
    }
    var ofTable = new TableClasses(labels, reader, table);
    Map<Long, Integer> classes = new HashMap<>();
    sources.forEach(
        (id, source) ->
            classes.put(
                id,
                all.map(name -> DrawnClasses.number(labels, "--class", name))
                    .orElseGet(
                        () ->
                            ofTable
                                .classOrNone(source.label())
                                .orElseThrow(
                                    () ->
                                        DdpmException.user(
                                            "--pairs: the image %d of the table %s has no label,"
                                                + " and the model needs one; --class names a class"
                                                + " for all images.",
                                            id, table)))));
    return classes;
  }
}
