package dev.ddpm.spark.sample;

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
 */
record SampleContent(Map<String, String> settings, Map<String, String> digests)
    implements Serializable {

  SampleContent {
    settings = new TreeMap<>(settings);
    digests = new TreeMap<>(digests);
  }
}
