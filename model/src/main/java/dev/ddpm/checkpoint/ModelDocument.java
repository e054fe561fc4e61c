package dev.ddpm.checkpoint;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The content of {@code model.json}.
 *
 * @param formatVersion version of the folder's layout
 * @param model the description of the model
 * @param sha256 the digests of the folder's other files in hexadecimal digits, by name
 */
record ModelDocument(int formatVersion, ModelDescription model, Map<String, String> sha256) {

  /** Copies the digests. */
  ModelDocument {
    sha256 = Collections.unmodifiableMap(new TreeMap<>(sha256));
  }
}
