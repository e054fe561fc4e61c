package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.DiffusionConfig;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Few images, and settings that nothing can come of. */
class SmallSetsTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();

  private void train(int images, String... settings) {
    String name = "images-" + images;
    TinyTable.write(SPARK.session(), folder.resolve(name), images, Set.of());
    train(name, settings);
  }

  private void train(String table, String... settings) {
    List<String> all = new ArrayList<>(TinyTable.SETTINGS);
    all.addAll(List.of(settings));
    new TrainJob(
            SPARK.session(),
            ConfigLoader.load(Optional.empty(), all),
            folder.resolve(table).toString(),
            folder.resolve("run").toString(),
            Resume.AUTO,
            new PrintWriter(out, true))
        .run();
  }

  /** As an earlier version would have begun it, which took any settings. */
  private void setBegun(String setting, String value) {
    var store =
        new HadoopFileStore(
            folder.resolve("run/checkpoints/round-000001").toString(), new Configuration());
    ModelFolder stored = ModelFolder.open(store);
    Map<String, String> settings = new TreeMap<>(stored.description().provenance());
    assertThat(settings.put(setting, value)).isNotNull();
    Checkpoint.read(stored).write(store, stored.description().withProvenance(settings));
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
        "validation.fraction = 0.1: must be 0, or at least 0.125 to hold out one of the 4 images.",
        4,
        "validation.fraction=0.1");
  }

  @Test
  void aRunThatHoldsOutNobodyGoesOnIfItWasBegunSo() {
    train(4, "training.max-rounds=1");
    setBegun("validation.fraction", "0.1");

    train("images-4", "validation.fraction=0.1", "training.max-rounds=2");
    assertThat(out.toString()).contains("Going on after round 1 of 2.").contains("round 2/2 ·");
    train("images-4", "validation.fraction=0.1", "training.max-rounds=2");
    assertThat(out.toString()).contains("Nothing to do: all rounds are done already.");
  }

  @Test
  void aRunWithoutSignalGoesOnIfItWasBegunSo() {
    train(9, "training.max-rounds=1");
    setBegun("diffusion.beta-last", "0.3152");

    train("images-9", "diffusion.beta-last=0.3152", "training.max-rounds=2");
    assertThat(out.toString()).contains("Going on after round 1 of 2.").contains("round 2/2 ·");
  }

  /** Here it has checkpoints, of which none was written to the end. */
  @Test
  void aRunThatBeginsAnewIsCheckedAsOneThatBegins() throws IOException {
    train(4, "training.max-rounds=1");
    Files.delete(folder.resolve("run/checkpoints/round-000001/model.json"));

    assertThatThrownBy(() -> train("images-4", "validation.fraction=0.1"))
        .hasMessageContaining("validation.fraction = 0.1: must be 0, or at least 0.125");
  }

  @Test
  void aCosineLeavesSignalInAnyNumberOfTimesteps() {
    DiffusionConfig longest =
        ConfigLoader.load(
                Optional.empty(),
                List.of("diffusion.schedule=cosine", "diffusion.timesteps=100000"))
            .experiment()
            .diffusion();

    assertThatCode(longest::requireSignal).doesNotThrowAnyException();
    assertThat(longest.scheduleSpec().build().signal(99_999)).isGreaterThan(1e-7);
  }

  @Test
  void aRunWithoutAnAverageGoesOnHoweverItsZeroIsWritten() {
    train(4, "training.ema-decay=-0.0", "training.max-rounds=1");
    train("images-4", "training.ema-decay=-0.0", "training.max-rounds=2");

    assertThat(out.toString()).contains("Going on after round 1 of 2.");
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
        "diffusion.timesteps = 17539 and diffusion.beta-last = 0.02 leave so little of an image in"
            + " the last timestep (1e-39 of it) that nothing can be sampled with"
            + " diffusion.prediction = epsilon; take fewer",
        5,
        "diffusion.timesteps=17539");
    assertRefused(
        "diffusion.timesteps = 1000 and diffusion.beta-last = 0.3152 leave so little",
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
