package dev.ddpm.spark.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigReferenceTest {

  @Test
  void theShippedReferenceIsCurrent() throws IOException {
    assertThat(Files.readString(Path.of("../conf/REFERENCE.md")))
        .as("conf/REFERENCE.md; ddpm config --reference writes it")
        .isEqualTo(ConfigReference.markdown());
  }

  @Test
  void aRowHasDefaultAllowedValuesAndMeaning() {
    assertThat(ConfigReference.markdown())
        .contains(
            "| `training.learning-rate` | `2e-4` (paper), `2e-5` (labml) | a number, above 0 and at"
                + " most 1E+30 | Learning rate of the optimiser, after the warm-up. |");
  }
}
