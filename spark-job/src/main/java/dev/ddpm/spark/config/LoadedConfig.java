package dev.ddpm.spark.config;

import java.util.List;
import java.util.Locale;

/**
 * A configuration and where it comes from.
 *
 * @param experiment the typed configuration
 * @param settings the effective value of every key, in the order of declaration
 */
public record LoadedConfig(ExperimentConfig experiment, List<Setting> settings) {

  /** Freezes the list. */
  public LoadedConfig {
    settings = List.copyOf(settings);
  }

  /** Where the value of a key comes from. */
  public String origin(String path) {
    return settings.stream()
        .filter(setting -> setting.path().equals(path))
        .map(Setting::origin)
        .findFirst()
        .orElseThrow();
  }

  /**
   * The effective configuration as a file that gives the same configuration again, each line with
   * its origin as a comment.
   */
  public String render() {
    int width = settings.stream().mapToInt(setting -> assignment(setting).length()).max().orElse(1);
    StringBuilder text = new StringBuilder();
    for (Setting setting : settings) {
      text.append(
          String.format(
              Locale.ROOT, "%-" + width + "s  # %s%n", assignment(setting), setting.origin()));
    }
    return text.toString();
  }

  private static String assignment(Setting setting) {
    return setting.path() + " = " + setting.value();
  }
}
