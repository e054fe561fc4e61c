package dev.ddpm.spark.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyHistoryTest {

  /** The settings of a stored model. */
  private static Set<String> settings(String model) {
    Path folder = Path.of("src/test/resources", model);
    return ModelFolder.open(new LocalFileStore(folder)).description().provenance().keySet();
  }

  /** Otherwise no run of that version could go on. */
  @ParameterizedTest
  @ValueSource(strings = {"model-v1", "stored/0.1/model"})
  void aKeyThatAnEarlierVersionDidNotKnowSaysWhatItsAbsenceMeant(String model) {
    Set<String> known = settings(model);

    assertThat(ConfigSchema.experiment().keys())
        // A run may go on with another sampling; it is not compared.
        .filteredOn(key -> !known.contains(key.path()) && !key.section().equals("sampling"))
        .allSatisfy(key -> assertThat(key.absentText()).as(key.path()).isPresent());
  }

  @Test
  void aKeyThatCameAfterTheFirstReleaseSaysSince() {
    Set<String> known = settings("stored/0.1/model");

    assertThat(ConfigSchema.experiment().keys())
        .filteredOn(key -> !known.contains(key.path()))
        .allSatisfy(
            key -> {
              assertThat(key.since()).as(key.path()).isNotEqualTo("0.1.0");
              assertThat(key.absentText()).as(key.path()).isPresent();
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"model-v1", "stored/0.1/model"})
  void aKeyThatIsGoneNamesItsHeir(String model) {
    Set<String> found = Set.of("data.images");

    assertThat(settings(model))
        .filteredOn(path -> !found.contains(path))
        .filteredOn(path -> ConfigSchema.experiment().key(path).isEmpty())
        .allSatisfy(path -> assertThat(KeyHistory.heir(path)).as(path).isPresent());
  }

  @Test
  void aKeyThatIsGoneIsRefusedWithItsHeir() {
    assertThatThrownBy(() -> ConfigLoader.load(Optional.empty(), List.of("sampling.clip=true")))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "sampling.clip (--set): there is no such key any more; sampling.thresholding has taken"
                + " its place.");
  }

  @Test
  void settingsThatSayWhatTheirAbsenceMeansTellNothing() {
    assertThat(
            KeyHistory.telling(
                Map.of(
                    "training.decay-steps", "0",
                    "training.schedule", "cosine",
                    "training.seed", "0")))
        .containsOnlyKeys("training.schedule", "training.seed");
  }
}
