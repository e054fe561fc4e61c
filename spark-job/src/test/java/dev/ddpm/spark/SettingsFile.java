package dev.ddpm.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Files of settings, in which a line is a key, a separator and a value. */
public final class SettingsFile {
  private SettingsFile() {}

  /**
   * The settings in a file.
   *
   * @param separator a regular expression
   */
  public static Map<String, String> read(Path file, String separator) throws IOException {
    Map<String, String> settings = new TreeMap<>();
    for (String line : Files.readAllLines(file)) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] setting = line.split(separator, 2);
        assertThat(setting).as(line).hasSize(2);
        settings.put(setting[0], setting[1]);
      }
    }
    return settings;
  }
}
