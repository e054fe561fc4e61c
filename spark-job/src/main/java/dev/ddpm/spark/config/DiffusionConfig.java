package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleKind;
import dev.ddpm.diffusion.ScheduleSpec;
import java.io.Serializable;

/** The noise process. */
public record DiffusionConfig(
    @Key(
            value = "paper",
            doc =
                "The recipe to follow: `paper` (Ho et al.) or `labml` (exact parity with the"
                    + " annotated implementation). It decides the defaults of several keys and,"
                    + " stored with the model, how sampling clips and ends.")
        Preset preset,
    @Key(value = "1000", in = "[1, 100000]", doc = "Steps T of the forward process.") int timesteps,
    @Key(value = "linear", doc = "How β grows with the timestep.") ScheduleKind schedule,
    @Key(
            value = "1e-4",
            in = "[1e-15, 1)",
            doc = "β of the first timestep; not of schedule cosine.")
        double betaFirst,
    @Key(value = "0.02", in = "(0, 1)", doc = "β of the last timestep; not of schedule cosine.")
        double betaLast,
    @Key(
            value = "false",
            since = "0.2.0",
            absent = "false",
            doc =
                "Whether the schedule is rescaled so that the last timestep is noise alone, as"
                    + " sampling takes it (Lin et al., arXiv 2305.08891); for prediction v or x0."
                    + " With weighting min-snr that timestep counts for nothing.")
        boolean zeroTerminalSnr,
    @Key(
            value = "epsilon",
            doc = "What the network predicts: the noise, the image or the velocity.")
        Prediction prediction,
    @Key(
            paper = "minus-one-to-one",
            labml = "zero-to-one",
            doc = "Interval of image values that the levels 0 to 255 are mapped to.")
        DataRange dataRange)
    implements Serializable {

  /**
   * Checks the bounds against each other.
   *
   * @throws DdpmException (user) if β would fall, or a last timestep without signal is not possible
   */
  public DiffusionConfig {
    if (betaFirst > betaLast) {
      throw DdpmException.user(
          "diffusion.beta-first = %s: must be at most diffusion.beta-last = %s.",
          betaFirst, betaLast);
    }
    if (zeroTerminalSnr && prediction == Prediction.EPSILON) {
      throw DdpmException.user(
          "diffusion.zero-terminal-snr = true: needs diffusion.prediction = v or x0, not epsilon:"
              + " the last timestep is then noise alone, and the noise tells no image.");
    }
    if (zeroTerminalSnr && timesteps < 2) {
      throw DdpmException.user(
          "diffusion.zero-terminal-snr = true: needs diffusion.timesteps of at least 2, not %d.",
          timesteps);
    }
  }

  /**
   * Checks that the image can be computed from what the network predicts, up to the last timestep.
   *
   * @throws DdpmException (user) if so little is left of it there that a float cannot tell it
   */
  public void requireSignal() {
    NoiseSchedule built = scheduleSpec().build();
    int last = timesteps - 1;
    double signal = built.signal(last);
    if (prediction.tellsImage(signal, built.noise(last))) {
      return;
    }
    // Not of the cosine, which leaves more than 1e-7 with any number of timesteps.
    throw DdpmException.user(
        "diffusion.timesteps = %d and diffusion.beta-last = %s leave so little of an image in the"
            + " last timestep (1e%.0f of it) that nothing can be sampled with diffusion.prediction"
            + " = %s; take fewer timesteps, a smaller beta-last, or prediction = v.",
        timesteps, betaLast, Math.log10(built.alphaBar(last)) / 2, Word.of(prediction));
  }

  /** The noise schedule that the keys describe. */
  public ScheduleSpec scheduleSpec() {
    ScheduleSpec spec = schedule.create(timesteps, betaFirst, betaLast);
    return zeroTerminalSnr ? new ScheduleSpec.ZeroTerminalSnr(spec) : spec;
  }
}
