package dev.ddpm.spark.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleKind;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.diffusion.Variance;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.sampling.SolverEnd;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.training.Decay;
import dev.ddpm.training.Optimiser;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ExperimentConfigTest {

  private static final DataConfig NO_DATA = new DataConfig("");

  private static final ValidationConfig UNWATCHED =
      new ValidationConfig(0, 50, 0, 0, 0, 500, "pixels", BestBy.LOSS);

  private static final ExperimentConfig PAPER =
      new ExperimentConfig(
          new ModelConfig(
              ArchitectureChoice.LABML,
              ClassesChoice.NONE,
              0,
              0,
              0,
              64,
              List.of(1, 2, 2, 4),
              List.of(128, 256, 256, 256),
              List.of(false, false, false, true),
              2,
              32,
              1e-6,
              1,
              0,
              true,
              true,
              1,
              1,
              false,
              0,
              false,
              false,
              0.1),
          new DiffusionConfig(
              Preset.PAPER,
              1000,
              ScheduleKind.LINEAR,
              1e-4,
              0.02,
              false,
              Prediction.EPSILON,
              DataRange.MINUS_ONE_TO_ONE),
          NO_DATA,
          new TrainingConfig(
              32,
              0,
              false,
              false,
              0,
              16,
              WireFormat.FLOAT32,
              1.0,
              0.0,
              1,
              0,
              Optimiser.ADAM,
              LossWeighting.UNIFORM,
              TimestepShares.UNIFORM,
              2e-4,
              5000,
              Decay.CONSTANT,
              0,
              1.0,
              0.9999,
              false,
              true,
              0.1,
              50,
              3,
              "0",
              3,
              60,
              0),
          UNWATCHED,
          new SamplingConfig(
              SamplerChoice.DDPM,
              0,
              TimestepSpacing.LINSPACE,
              0,
              NoiseLevels.SCHEDULE,
              SolverEnd.CLEAN,
              0,
              DdimNoise.CONSISTENT,
              Variance.FIXED_LARGE,
              ThresholdingChoice.PRESET,
              1,
              0.995,
              2,
              "uniform",
              1,
              List.of(),
              "",
              16,
              0,
              WeightChoice.EMA,
              false,
              0,
              0),
          new BackendConfig(DeviceChoice.CPU, PrecisionChoice.FLOAT32));

  private static final ExperimentConfig LABML =
      new ExperimentConfig(
          PAPER.model(),
          new DiffusionConfig(
              Preset.LABML,
              1000,
              ScheduleKind.LINEAR,
              1e-4,
              0.02,
              false,
              Prediction.EPSILON,
              DataRange.ZERO_TO_ONE),
          NO_DATA,
          new TrainingConfig(
              32,
              0,
              false,
              false,
              0,
              16,
              WireFormat.FLOAT32,
              1.0,
              0.0,
              1,
              0,
              Optimiser.ADAM,
              LossWeighting.UNIFORM,
              TimestepShares.UNIFORM,
              2e-5,
              0,
              Decay.CONSTANT,
              0,
              0,
              0,
              false,
              false,
              0.1,
              50,
              3,
              "0",
              3,
              60,
              0),
          UNWATCHED,
          new SamplingConfig(
              SamplerChoice.DDPM,
              0,
              TimestepSpacing.LINSPACE,
              0,
              NoiseLevels.SCHEDULE,
              SolverEnd.CLEAN,
              0,
              DdimNoise.CONSISTENT,
              Variance.FIXED_LARGE,
              ThresholdingChoice.PRESET,
              1,
              0.995,
              2,
              "uniform",
              1,
              List.of(),
              "",
              16,
              0,
              WeightChoice.EMA,
              false,
              0,
              0),
          new BackendConfig(DeviceChoice.CPU, PrecisionChoice.FLOAT32));

  /** One assignment per key, each to a value that is not the default of any preset. */
  private static final List<String> EVERY_KEY_CHANGED =
      List.of(
          "model.architecture=unet2d",
          "model.classes=labels",
          "model.image-channels=3",
          "model.height=40",
          "model.width=48",
          "model.channels=32",
          "model.channel-multipliers=[1, 2, 3]",
          "model.widths=[16, 24, 32]",
          "model.attention=[false, true, false]",
          "model.blocks=1",
          "model.norm-groups=8",
          "model.norm-epsilon=1e-5",
          "model.attention-heads=2",
          "model.head-channels=4",
          "model.middle-attention=false",
          "model.middle-normalises=false",
          "model.middle-scale-factor=1.5",
          "model.time-frequency-shift=0",
          "model.time-cosines-first=true",
          "model.downsample-padding=1",
          "model.scale-shift=true",
          "model.center-input=true",
          "model.dropout=0.25",
          "diffusion.preset=labml",
          "diffusion.timesteps=500",
          "diffusion.schedule=cosine",
          "diffusion.beta-first=2e-4",
          "diffusion.beta-last=0.03",
          "diffusion.zero-terminal-snr=true",
          "diffusion.prediction=v",
          "diffusion.data-range=minus-one-to-one",
          "data.table=hdfs://name-node:8020/images # 1",
          "training.batch-size=8",
          "training.accumulate=2",
          "training.recompute=true",
          "training.balance-classes=true",
          "training.workers=5",
          "training.averaging-frequency=4",
          "training.wire-format=bfloat16",
          "training.outer-learning-rate=0.7",
          "training.outer-momentum=0.9",
          "training.epochs=7",
          "training.max-rounds=9",
          "training.optimiser=sgd",
          "training.weighting=min-snr",
          "training.timesteps=by-weight",
          "training.learning-rate=0.001",
          "training.warm-up-steps=10",
          "training.schedule=cosine",
          "training.decay-steps=5000",
          "training.clip-norm=2.5",
          "training.ema-decay=0.99",
          "training.ema-profiles=true",
          "training.horizontal-flip=true",
          "training.label-dropout=0.2",
          "training.checkpoint-every=6",
          "training.keep-checkpoints=2",
          "training.max-bad=2%",
          "training.max-bad-rounds=1",
          "training.lease-seconds=30",
          "training.seed=-1234567890123",
          "validation.fraction=0.05",
          "validation.every=7",
          "validation.patience=4",
          "validation.sheet-every=8",
          "validation.frechet-every=9",
          "validation.frechet-images=64",
          "validation.extractor=classifier:c",
          "validation.best-by=frechet",
          "sampling.sampler=dpm-solver++",
          "sampling.steps=20",
          "sampling.spacing=leading",
          "sampling.steps-offset=1",
          "sampling.noise-levels=karras",
          "sampling.end=first-level",
          "sampling.eta=0.5",
          "sampling.ddim-noise=predicted",
          "sampling.variance=fixed-small",
          "sampling.thresholding=dynamic",
          "sampling.clip-range=1.5",
          "sampling.thresholding-quantile=0.9",
          "sampling.thresholding-bound=3.0",
          "sampling.classes=1=2,3=1",
          "sampling.guidance=2.5",
          "sampling.guidance-interval=[100, 400]",
          "sampling.guidance-model=runs/small",
          "sampling.micro-batch=12",
          "sampling.shard-size=48",
          "sampling.weights=raw",
          "sampling.keep-x0=true",
          "sampling.trajectory=5",
          "sampling.seed=77",
          "backend.device=cuda",
          "backend.precision=bfloat16");

  private static final ExperimentConfig CHANGED =
      new ExperimentConfig(
          new ModelConfig(
              ArchitectureChoice.UNET2D,
              ClassesChoice.LABELS,
              3,
              40,
              48,
              32,
              List.of(1, 2, 3),
              List.of(16, 24, 32),
              List.of(false, true, false),
              1,
              8,
              1e-5,
              2,
              4,
              false,
              false,
              1.5,
              0,
              true,
              1,
              true,
              true,
              0.25),
          new DiffusionConfig(
              Preset.LABML,
              500,
              ScheduleKind.COSINE,
              2e-4,
              0.03,
              true,
              Prediction.V,
              DataRange.MINUS_ONE_TO_ONE),
          new DataConfig("hdfs://name-node:8020/images # 1"),
          new TrainingConfig(
              8,
              2,
              true,
              true,
              5,
              4,
              WireFormat.BFLOAT16,
              0.7,
              0.9,
              7,
              9,
              Optimiser.SGD,
              LossWeighting.MIN_SNR,
              TimestepShares.BY_WEIGHT,
              0.001,
              10,
              Decay.COSINE,
              5000,
              2.5,
              0.99,
              true,
              true,
              0.2,
              6,
              2,
              "2%",
              1,
              30,
              -1234567890123L),
          new ValidationConfig(0.05, 7, 4, 8, 9, 64, "classifier:c", BestBy.FRECHET),
          new SamplingConfig(
              SamplerChoice.DPM_SOLVER_PLUS_PLUS,
              20,
              TimestepSpacing.LEADING,
              1,
              NoiseLevels.KARRAS,
              SolverEnd.FIRST_LEVEL,
              0.5,
              DdimNoise.PREDICTED,
              Variance.FIXED_SMALL,
              ThresholdingChoice.DYNAMIC,
              1.5,
              0.9,
              3,
              "1=2,3=1",
              2.5,
              List.of(100, 400),
              "runs/small",
              12,
              48,
              WeightChoice.RAW,
              true,
              5,
              77),
          new BackendConfig(DeviceChoice.CUDA, PrecisionChoice.BFLOAT16));

  @Test
  void defaultsAreThoseOfThePaper() {
    assertThat(load(List.of())).isEqualTo(PAPER);
  }

  @Test
  void thePresetDecidesTheDefaultsOfItsKeys() {
    assertThat(load(List.of("diffusion.preset=labml"))).isEqualTo(LABML);
  }

  @Test
  void everyKeyCanBeChanged() {
    assertThat(load(EVERY_KEY_CHANGED)).isEqualTo(CHANGED);
  }

  @Test
  void everyKeyIsInThisTestWithAnotherValueThanItsDefault() {
    LoadedConfig changed = ConfigLoader.load(Optional.empty(), EVERY_KEY_CHANGED);
    for (String preset : List.of("paper", "labml")) {
      LoadedConfig defaults =
          ConfigLoader.load(Optional.empty(), List.of("diffusion.preset=" + preset));
      List<String> unchanged =
          defaults.settings().stream()
              .filter(
                  setting ->
                      changed.settings().stream()
                          .anyMatch(
                              other ->
                                  other.path().equals(setting.path())
                                      && other.value().equals(setting.value())))
              .map(Setting::path)
              .collect(Collectors.toList());
      // A key whose preset defaults are the two values it can have differs from one of them only.
      unchanged.removeAll(
          preset.equals("paper")
              ? List.of("diffusion.data-range", "training.horizontal-flip")
              : List.of("diffusion.preset"));
      assertThat(unchanged).as("keys without a test, preset %s", preset).isEmpty();
    }
  }

  @Test
  void theNetworkIsThatOfTheKeys() {
    var image = new ImageShape(40, 48, 3);

    assertThat(CHANGED.model().architecture(image, 11))
        .isEqualTo(
            new Unet2d(
                3,
                40,
                48,
                List.of(16, 24, 32),
                List.of(false, true, false),
                1,
                8,
                1e-5,
                4,
                new Unet2d.Middle(false, false, 1.5),
                new TimeEncoding(0, true),
                1,
                true,
                0.25,
                11,
                true));
    assertThat(PAPER.model().architecture(image, 0))
        .isEqualTo(
            new LabmlUNet(
                3,
                40,
                48,
                64,
                List.of(1, 2, 2, 4),
                List.of(false, false, false, true),
                2,
                32,
                1,
                0.1));
  }

  @Test
  void theScheduleIsThatOfTheKeys() {
    assertThat(PAPER.diffusion().scheduleSpec())
        .isEqualTo(new ScheduleSpec.Linear(1000, 1e-4, 0.02));
    assertThat(CHANGED.diffusion().scheduleSpec())
        .isEqualTo(new ScheduleSpec.ZeroTerminalSnr(new ScheduleSpec.Cosine(500)));
  }

  private static ExperimentConfig load(List<String> assignments) {
    return ConfigLoader.load(Optional.empty(), assignments).experiment();
  }
}
