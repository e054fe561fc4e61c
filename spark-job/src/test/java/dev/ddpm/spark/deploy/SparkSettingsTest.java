package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.SettingsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.internal.config.ConfigEntry;
import org.apache.spark.internal.config.Network$;
import org.apache.spark.internal.config.UI$;
import org.apache.spark.internal.config.package$;
import org.apache.spark.sql.internal.SQLConf$;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The files of settings that the submit scripts pass on. */
class SparkSettingsTest {
  private static final Path FOLDER = Path.of("../conf/spark-defaults");

  /** Settings of Hadoop, of a resource by its name, of an environment variable by its name. */
  private static final List<String> FAMILIES =
      List.of("spark.hadoop.", ".resource.gpu.", "spark.executorEnv.");

  static Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void sparkKnowsEverySetting(Path file) throws IOException {
    loadSparksEntries();

    assertThat(SettingsFile.read(file, "\\s+").keySet())
        .isNotEmpty()
        .allSatisfy(
            key -> {
              if (FAMILIES.stream().noneMatch(key::contains)) {
                assertThat(ConfigEntry.findEntry(key)).as(key).isNotNull();
              }
            });
  }

  @ParameterizedTest
  @MethodSource("files")
  void everySettingHasAReason(Path file) throws IOException {
    List<String> withoutReason = new ArrayList<>();
    boolean explained = false;
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("#")) {
        explained = true;
      } else if (line.isBlank()) {
        explained = false;
      } else if (!explained) {
        withoutReason.add(line);
      }
    }
    assertThat(withoutReason).isEmpty();
  }

  /** Spark registers the settings of a module when these are first used. */
  private static void loadSparksEntries() {
    assertThat(package$.MODULE$).isNotNull();
    assertThat(UI$.MODULE$).isNotNull();
    assertThat(Network$.MODULE$).isNotNull();
    assertThat(SQLConf$.MODULE$).isNotNull();
    assertThat(org.apache.spark.deploy.yarn.config.package$.MODULE$).isNotNull();
    assertThat(org.apache.spark.deploy.k8s.Config$.MODULE$).isNotNull();
  }
}
