package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.extractor.ExtractorSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Real and generated images with their features, from which metrics are computed.
 *
 * @param real the images of the table
 * @param generated the samples
 * @param heldOut images on which the model was not trained, if there are any
 * @param extractor what the features are
 * @param cache folder in which features are kept
 */
record ComparedSets(
    ImageSet real,
    FeatureView realFeatures,
    ImageSet generated,
    FeatureView generatedFeatures,
    Optional<ImageSet> heldOut,
    ExtractorSpec extractor,
    String cache) {

  /** What every figure depends on, by its name in the summary. */
  Map<String, Object> settings() {
    return settings(
        real,
        Optional.of(generated),
        OptionalLong.of(generated.images()),
        heldOut,
        extractor,
        realFeatures.features());
  }

  /**
   * The same, as far as it is known before there are samples.
   *
   * @param generated the samples, if they are there
   * @param count how many samples, if that is known
   * @param features numbers per image
   */
  static Map<String, Object> settings(
      ImageSet real,
      Optional<ImageSet> generated,
      OptionalLong count,
      Optional<ImageSet> heldOut,
      ExtractorSpec extractor,
      int features) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("data_fingerprint", real.reader().fingerprint());
    generated.ifPresent(images -> settings.put("samples", images.path()));
    count.ifPresent(images -> settings.put("samples_images", images));
    generated.ifPresent(
        images -> images.origin().forEach((name, value) -> settings.put("samples_" + name, value)));
    heldOut.ifPresent(
        images -> {
          settings.put("held_out", images.path());
          settings.put("held_out_fingerprint", images.reader().fingerprint());
          settings.put("held_out_images", images.images());
        });
    settings.put("extractor", extractor.settings());
    settings.put("features", features);
    return settings;
  }
}
