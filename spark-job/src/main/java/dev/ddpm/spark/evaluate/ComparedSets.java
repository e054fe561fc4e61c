package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.extractor.ExtractorSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

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
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("data_fingerprint", real.reader().fingerprint());
    settings.put("samples", generated.path());
    settings.put("samples_images", generated.images());
    generated.origin().forEach((name, value) -> settings.put("samples_" + name, value));
    heldOut.ifPresent(
        images -> {
          settings.put("held_out", images.path());
          settings.put("held_out_fingerprint", images.reader().fingerprint());
          settings.put("held_out_images", images.images());
        });
    settings.put("extractor", extractor.settings());
    settings.put("features", realFeatures.features());
    return settings;
  }
}
