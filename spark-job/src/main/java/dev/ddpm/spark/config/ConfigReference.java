package dev.ddpm.spark.config;

import java.util.Locale;

/** The reference of all configuration keys, derived from their declarations. */
public final class ConfigReference {
  private ConfigReference() {}

  /** Renders it as Markdown: one table per section. */
  public static String markdown() {
    StringBuilder text =
        new StringBuilder(
            """
            # Configuration reference

            Written by `ddpm config --reference`. Precedence: `--set key=value`, then `--config file`,
            then the preset's default, then the key's default.
            """);
    String section = "";
    for (ConfigKey key : ConfigSchema.experiment().keys()) {
      if (!key.section().equals(section)) {
        section = key.section();
        text.append(
            String.format(
                Locale.ROOT,
                "%n## %s%n%n| key | default | allowed | meaning |%n|---|---|---|---|%n",
                section));
      }
      text.append(
          String.format(
              Locale.ROOT,
              "| `%s` | %s | %s | %s |%n",
              key.path(),
              defaultCell(key),
              key.allowed(),
              key.doc()));
    }
    return text.toString();
  }

  private static String defaultCell(ConfigKey key) {
    return key.dependsOnPreset()
        ? "`" + key.paperDefault() + "` (paper), `" + key.labmlDefault() + "` (labml)"
        : "`" + key.paperDefault() + "`";
  }
}
