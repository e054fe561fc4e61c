package dev.ddpm.spark.cli;

import dev.ddpm.diffusion.NoiseLevels;
import dev.ddpm.diffusion.TimestepSpacing;
import dev.ddpm.spark.config.SamplerChoice;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** The options of every sub-command that takes images from noise, as a mix-in: short for keys. */
final class SamplerOptions {

  @Option(
      names = "--sampler",
      paramLabel = "SAMPLER",
      converter = SamplerConverter.class,
      description =
          "Reverse process: ddpm, ddim, dpm-solver++, unipc, euler or heun; the same as --set"
              + " sampling.sampler=SAMPLER.")
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
      converter = SpacingConverter.class,
      description =
          "How they are placed: linspace, leading or trailing; the same as --set"
              + " sampling.spacing=SPACING.")
  TimestepSpacing spacing;

  @Option(
      names = "--noise-levels",
      paramLabel = "LEVELS",
      converter = LevelsConverter.class,
      description =
          "Noise levels of dpm-solver++, unipc, euler and heun: schedule or karras; the same as"
              + " --set sampling.noise-levels=LEVELS.")
  NoiseLevels noiseLevels;

  static final class SamplerConverter implements ITypeConverter<SamplerChoice> {
    @Override
    public SamplerChoice convert(String word) {
      return Words.parse(SamplerChoice.class, word);
    }
  }

  static final class SpacingConverter implements ITypeConverter<TimestepSpacing> {
    @Override
    public TimestepSpacing convert(String word) {
      return Words.parse(TimestepSpacing.class, word);
    }
  }

  static final class LevelsConverter implements ITypeConverter<NoiseLevels> {
    @Override
    public NoiseLevels convert(String word) {
      return Words.parse(NoiseLevels.class, word);
    }
  }

  /** Those that are given, as assignments of keys. */
  List<String> assignments() {
    List<String> given = new ArrayList<>();
    if (sampler != null) {
      given.add("sampling.sampler=" + Words.of(sampler));
    }
    if (steps != null) {
      given.add("sampling.steps=" + steps);
    }
    if (spacing != null) {
      given.add("sampling.spacing=" + Words.of(spacing));
    }
    if (noiseLevels != null) {
      given.add("sampling.noise-levels=" + Words.of(noiseLevels));
    }
    return given;
  }
}
