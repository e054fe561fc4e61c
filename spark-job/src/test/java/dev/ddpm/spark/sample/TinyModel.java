package dev.ddpm.spark.sample;

import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.SamplingConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An untrained model of 8×8 grey images and 100 timesteps, whose images are draws like any. */
public final class TinyModel {
  private static final LabmlUNet UNET =
      new LabmlUNet(1, 8, 8, 8, List.of(1, 2), List.of(false, false), 1, 4, 1, 0);

  private TinyModel() {}

  /** Writes the model with the weights of a seed. */
  public static Path write(Path folder, long seed) {
    return write(folder, seed, Preset.PAPER);
  }

  static Path write(Path folder, long seed, Preset preset) {
    return write(folder, seed, preset, new ScheduleSpec.Linear(100, 1e-3, 0.2));
  }

  /** Writes the model with another noise schedule. */
  public static Path write(Path folder, long seed, Preset preset, ScheduleSpec schedule) {
    float[] weights = WeightInitializer.draw(ParameterLayout.of(UNET), seed);
    ModelFolder.write(
        new LocalFileStore(folder),
        new ModelDescription(
            UNET, schedule, Prediction.EPSILON, preset, dataRange(preset), Map.of()),
        Map.of(TensorFile.WEIGHTS, new FlatTensors(ParameterLayout.of(UNET)).named(weights)),
        Optional.empty());
    return folder;
  }

  /** Writes a model of classes, which also knows images without one, with the weights of a seed. */
  public static Path write(Path folder, long seed, List<String> classes) {
    return write(folder, seed, new ClassLabels(classes, /* unlabelled= */ true));
  }

  /** Writes a model of classes. */
  public static Path write(Path folder, long seed, ClassLabels classes) {
    LabmlUNet unet =
        new LabmlUNet(1, 8, 8, 8, List.of(1, 2), List.of(false, false), 1, 4, 1, 0, classes.rows());
    ParameterLayout layout = ParameterLayout.of(unet);
    ModelFolder.write(
        new LocalFileStore(folder),
        new ModelDescription(
            unet,
            classes,
            new ScheduleSpec.Linear(100, 1e-3, 0.2),
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of(),
            Map.of()),
        Map.of(
            TensorFile.WEIGHTS,
            new FlatTensors(layout).named(WeightInitializer.draw(layout, seed))),
        Optional.empty());
    return folder;
  }

  private static DataRange dataRange(Preset preset) {
    return preset == Preset.PAPER ? DataRange.MINUS_ONE_TO_ONE : DataRange.ZERO_TO_ONE;
  }

  /** DDIM in 5 steps, micro-batches of 4 and files of 8, unless told otherwise. */
  public static SamplingConfig sampling(String... assignments) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "sampling.sampler=ddim",
                "sampling.steps=5",
                "sampling.micro-batch=4",
                "sampling.shard-size=8",
                "sampling.seed=3"));
    all.addAll(List.of(assignments));
    return ConfigLoader.load(Optional.empty(), all).experiment().sampling();
  }
}
