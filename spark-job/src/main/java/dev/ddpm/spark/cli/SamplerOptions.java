package dev.ddpm.spark.cli;

import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.spark.config.SamplerChoice;
import picocli.CommandLine.Option;

/** The options of every sub-command that takes images from noise, as a mix-in: short for keys. */
final class SamplerOptions {

  @Option(
      names = "--sampler",
      paramLabel = "SAMPLER",
      converter = Samplers.class,
      description =
          "Reverse process: ddpm, ddim, dpm-solver++, unipc, euler, heun, pndm or plms; the same"
              + " as --set sampling.sampler=SAMPLER.")
  SamplerChoice sampler;

  @In("[0, 100000]")
  @Option(
      names = "--steps",
      paramLabel = "N",
      description =
          "Timesteps visited, 0 for all of the model: the same as --set sampling.steps=N.")
  Integer steps;

  @Option(
      names = "--spacing",
      paramLabel = "SPACING",
      converter = Spacings.class,
      description =
          "How the timesteps are placed: linspace, leading or trailing; the same as --set"
              + " sampling.spacing=SPACING.")
  TimestepSpacing spacing;

  @Option(
      names = "--noise-levels",
      paramLabel = "LEVELS",
      converter = Levels.class,
      description =
          "Noise levels of dpm-solver++, unipc, euler and heun: schedule or karras; the same as"
              + " --set sampling.noise-levels=LEVELS.")
  NoiseLevels noiseLevels;

  @In("[0, 1000]")
  @Option(
      names = "--guidance",
      paramLabel = "SCALE",
      description =
          "How far images are led towards their class, such as 2; 1 is not at all: the same as"
              + " --set sampling.guidance=SCALE.")
  Double guidance;

  private static final class Samplers extends WordConverter<SamplerChoice> {
    Samplers() {
      super(SamplerChoice.class);
    }
  }

  private static final class Spacings extends WordConverter<TimestepSpacing> {
    Spacings() {
      super(TimestepSpacing.class);
    }
  }

  private static final class Levels extends WordConverter<NoiseLevels> {
    Levels() {
      super(NoiseLevels.class);
    }
  }

  /**
   * Sets the keys of those that are given.
   *
   * @throws dev.ddpm.DdpmException (user) if {@code --set} contradicts one
   */
  void assignTo(CommonOptions common) {
    if (sampler != null) {
      assign(common, "--sampler", "sampler", Words.of(sampler));
    }
    if (steps != null) {
      assign(common, "--steps", "steps", steps.toString());
    }
    if (spacing != null) {
      assign(common, "--spacing", "spacing", Words.of(spacing));
    }
    if (noiseLevels != null) {
      assign(common, "--noise-levels", "noise-levels", Words.of(noiseLevels));
    }
    if (guidance != null) {
      assign(common, "--guidance", "guidance", guidance.toString());
    }
  }

  private static void assign(CommonOptions common, String option, String key, String value) {
    common.assign(option + " " + value, "sampling." + key, value);
  }
}
