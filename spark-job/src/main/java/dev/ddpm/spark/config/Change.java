package dev.ddpm.spark.config;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * A setting that differs from what it was.
 *
 * @param key of the setting
 * @param before the value it had
 * @param now the value it has
 */
public record Change(String key, String before, String now) {

  /**
   * Finds the changes, in the order of the keys.
   *
   * @param stored settings as they were
   * @param wanted settings as they are
   * @param before value of a key as it was, also of one that is not stored
   * @param now value of a key as it is
   */
  public static List<Change> between(
      Map<String, String> stored,
      Map<String, String> wanted,
      UnaryOperator<String> before,
      UnaryOperator<String> now) {
    var keys = new TreeSet<>(stored.keySet());
    keys.addAll(wanted.keySet());
    return keys.stream()
        .map(key -> new Change(key, before.apply(key), now.apply(key)))
        .filter(change -> !change.before().equals(change.now()))
        .toList();
  }

  /** Both values, as messages have them. */
  public String values() {
    return before + " → " + now;
  }
}
