package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.io.Serializable;
import java.util.OptionalInt;

/**
 * What a model is told of the classes of images whose bound is computed.
 *
 * @param known the classes of the model
 * @param labels whether it is told those of the labels; otherwise all images are of no class
 */
record ToldClasses(ClassLabels known, boolean labels) implements Serializable {

  /**
   * The labels of a table where it has any, unless they are not to be heeded.
   *
   * @param unconditional whether all images are to be of no class
   * @param table path, for messages
   * @throws DdpmException (user) if the table's classes are not the model's, or some images can
   *     only be of no class, and the model does not know such
   */
  static ToldClasses of(
      ClassLabels known, boolean unconditional, ImageTableReader reader, String table) {
    if (unconditional && !known.exist()) {
      throw DdpmException.user("--unconditional: the model knows no classes; leave it out.");
    }
    if (unconditional && !known.unlabelled()) {
      throw DdpmException.user("--unconditional: the model knows no images of no class.");
    }
    boolean labels = known.exist() && !unconditional && reader.labels().isPresent();
    if (known.exist() && !labels && !known.unlabelled()) {
      throw DdpmException.user(
          "--data = %s: has no labels, and the model needs to be told the class of every image.",
          table);
    }
    if (labels && !reader.labelNames().isEmpty() && !reader.labelNames().equals(known.names())) {
      throw DdpmException.user(
          "--data = %s: has other classes (%s) than the model (%s)%s.",
          table,
          String.join(", ", reader.labelNames()),
          String.join(", ", known.names()),
          known.unlabelled() ? "; --unconditional does not heed them" : "");
    }
    return new ToldClasses(known, labels);
  }

  /**
   * What the model is told that an image is; empty if it knows no classes.
   *
   * @throws DdpmException (data) if it does not know that of the image
   */
  OptionalInt of(ImageRow image) {
    if (!known.exist()) {
      return OptionalInt.empty();
    }
    if (!labels || image.label() == null) {
      return OptionalInt.of(
          known
              .noClass()
              .orElseThrow(
                  () ->
                      DdpmException.data(
                          "Image %d has no label, and the model knows no images of no class.",
                          image.id())));
    }
    if (image.label() < 0 || image.label() >= known.count()) {
      throw DdpmException.data(
          "Image %d has the label %d, and the model knows the classes 0 to %d.",
          image.id(), image.label(), known.count() - 1);
    }
    return OptionalInt.of(image.label());
  }
}
