package dev.ddpm.evaluation.extractor;

import dev.ddpm.image.ImageShape;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Features that need no weights and describe any images: the distributions of projected patches
 * that the sliced Wasserstein distance compares (Karras et al., arXiv 1710.10196, section 5), taken
 * of each image instead of a set of images. See {@link PixelFeatures}.
 */
public record PixelsSpec() implements ExtractorSpec {
  private static final long serialVersionUID = 1L;

  /** Names the definition of the features: another one has another name. */
  private static final String KIND = "pixels-1";

  @Override
  public SortedMap<String, String> settings() {
    return new TreeMap<>(Map.of("kind", KIND));
  }

  /** Images of any shape are described. */
  @Override
  public FeatureExtractor open(ImageShape images) {
    return new PixelFeatures(images);
  }
}
