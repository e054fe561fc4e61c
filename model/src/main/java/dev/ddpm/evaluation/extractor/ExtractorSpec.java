package dev.ddpm.evaluation.extractor;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import java.io.Serializable;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Which features are computed of images. It travels to wherever they are computed, with the weights
 * if there are any, and its settings stand beside every number that comes of them.
 */
public interface ExtractorSpec extends Serializable {

  /**
   * Everything that decides the features of an image, by name: {@code kind}, and as far as there
   * are such things the digest of the weights, the size, range and layout of the input, the name of
   * the resize's definition, the output, the seed. Features of equal settings may be compared and
   * kept; those of others never are.
   */
  SortedMap<String, String> settings();

  /**
   * Opens the extractor, one for each thread that computes.
   *
   * @param images the shape of the images that it will be given
   * @throws DdpmException (user) if it cannot be computed of such images
   */
  FeatureExtractor open(ImageShape images);

  /** What tells classes by these features, for one thread; only if they are of a classifier. */
  default Optional<FeatureClasses> classes() {
    return Optional.empty();
  }

  /**
   * Memory outside of the Java heap that an open extractor takes, in bytes; 0 if there is none.
   *
   * @param images the shape of the images that it is given
   */
  default long nativeBytes(ImageShape images) {
    return 0;
  }
}
