package dev.ddpm.spark.config;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How the keys of the configuration have changed from version to version, so that settings that an
 * earlier version stored are compared with today's.
 */
public final class KeyHistory {

  /** Keys that there are no more, and those that took their place. */
  private static final Map<String, String> HEIRS = Map.of("sampling.clip", "sampling.thresholding");

  private KeyHistory() {}

  /**
   * What stored settings that say nothing of a key were computed with.
   *
   * @param path of a key or of anything else that is stored with the settings
   * @return its value as {@link Setting#value} has it; empty if the key has always been there, or
   *     is none
   */
  public static Optional<String> absent(String path) {
    return ConfigSchema.experiment().key(path).flatMap(ConfigKey::absentText);
  }

  /**
   * Stored settings without those that say what the absence of their key means: equal for settings
   * of two versions that mean the same.
   */
  public static Map<String, String> telling(Map<String, String> settings) {
    Map<String, String> telling = new TreeMap<>(settings);
    telling.entrySet().removeIf(s -> absent(s.getKey()).equals(Optional.of(s.getValue())));
    return telling;
  }

  /** The key that took the place of one that there is no more. */
  public static Optional<String> heir(String path) {
    return Optional.ofNullable(HEIRS.get(path));
  }
}
