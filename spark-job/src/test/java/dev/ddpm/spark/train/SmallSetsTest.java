package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.config.ConfigLoader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Few images, and settings that nothing can come of. */
class SmallSetsTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();

  private void train(int images, String... settings) {
    String table =
        TinyTable.write(SPARK.session(), folder.resolve("images-" + images), images, Set.of());
    List<String> all = new ArrayList<>(TinyTable.SETTINGS);
    all.addAll(List.of(settings));
    new TrainJob(
            SPARK.session(),
            ConfigLoader.load(Optional.empty(), all),
            table,
            folder.resolve("run").toString(),
            Resume.AUTO,
            new PrintWriter(out, true))
        .run();
  }

  private void assertRefused(String message, int images, String... settings) {
    assertThatThrownBy(() -> train(images, settings))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContaining(message);
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void oneImageIsTrainedOnByOneWorker() {
    train(1, "training.workers=0", "training.epochs=1");

    assertThat(out.toString()).contains("1 images used + 0 skipped = 1");
    assertThat(folder.resolve("run/model/model.json")).exists();
  }

  @Test
  void aShareThatHoldsOutNobodyIsRefused() {
    assertRefused(
        "validation.fraction = 0.1: holds out none of the 4 images; that is a share of at least"
            + " 0.125.",
        4,
        "validation.fraction=0.1");
  }

  @Test
  void aShareThatLeavesNothingToTrainOnIsRefused() {
    assertRefused(
        "validation.fraction = 0.9: leaves none of the 3 images to train on.",
        3,
        "validation.fraction=0.9");
  }

  @Test
  void aScheduleWithoutSignalIsRefused() {
    assertRefused(
        "diffusion.timesteps = 17539 with diffusion.beta-last = 0.02: leaves so little",
        5,
        "diffusion.timesteps=17539");
    assertRefused(
        "diffusion.timesteps = 1000 with diffusion.beta-last = 0.3152: leaves so little",
        6,
        "diffusion.beta-last=0.3152");
  }

  @Test
  void oneWithLittleSignalIsTrained() {
    train(7, "diffusion.beta-last=0.315", "training.max-rounds=1");

    assertThat(folder.resolve("run/model/model.json")).exists();
  }

  @Test
  void theVelocityNeedsNoSignal() {
    train(8, "diffusion.beta-last=0.3152", "diffusion.prediction=v", "training.max-rounds=1");

    assertThat(folder.resolve("run/model/model.json")).exists();
  }
}
