package dev.ddpm.spark.sample;

import dev.ddpm.spark.stored.DrawnClasses;
import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the files of an output folder must be.
 *
 * @param settings what decides the images, by key; see {@link
 *     dev.ddpm.spark.stored.SamplingPlan#identity}
 * @param digests SHA-256 of the files that carry no digest, by their paths within the folder: those
 *     of earlier versions
 * @param classes which class each image has, as the settings say
 */
record SampleContent(
    Map<String, String> settings, Map<String, String> digests, DrawnClasses classes)
    implements Serializable {

  SampleContent {
    settings = new TreeMap<>(settings);
    digests = new TreeMap<>(digests);
  }

  SampleContent(Map<String, String> settings, Map<String, String> digests) {
    this(settings, digests, DrawnClasses.stored(settings));
  }
}
