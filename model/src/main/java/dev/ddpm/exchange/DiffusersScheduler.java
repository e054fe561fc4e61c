package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.ScheduleSpec;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The options of diffusers' schedulers: the noise schedule of a model's training, what it predicts,
 * and how it is sampled unless told otherwise, as values of the keys {@code sampling.*} of a
 * configuration; and back.
 */
final class DiffusersScheduler {
  private static final String PREFIX = "sampling.";
  private static final String SAMPLER = PREFIX + "sampler";
  private static final String VARIANCE = PREFIX + "variance";
  private static final String SPACING = PREFIX + "spacing";
  private static final String OFFSET = PREFIX + "steps-offset";
  private static final String THRESHOLDING = PREFIX + "thresholding";
  private static final String QUANTILE = PREFIX + "thresholding-quantile";
  private static final String BOUND = PREFIX + "thresholding-bound";
  private static final String CLIP_RANGE = PREFIX + "clip-range";
  private static final String NOISE_LEVELS = PREFIX + "noise-levels";
  private static final String END = PREFIX + "end";
  private static final String DDIM_NOISE = PREFIX + "ddim-noise";

  /** The sampler that {@link Kind#PNDM} is without its first steps. */
  private static final String PLMS = "plms";

  private static final String RESCALED = "rescale_betas_zero_snr";

  private static final int TIMESTEPS = 1000;
  private static final double BETA_START = 1e-4;
  private static final double BETA_END = 0.02;
  private static final double QUANTILE_DEFAULT = 0.995;
  private static final double LARGEST = 1e6;

  /**
   * What the library keeps from the scheduler that another one is made of, and does not heed there;
   * or heeds only along with another option.
   */
  private static final List<String> OF_OTHER_SCHEDULERS =
      List.of(
          "clip_sample",
          "clip_sample_range",
          "clip_predicted_image",
          "dynamic_thresholding_ratio",
          "sample_max_value",
          "set_alpha_to_one",
          "skip_prk_steps",
          "steps_offset",
          "variance_type",
          // The first versions could do without PyTorch.
          "tensor_format");

  /** Options of the library's schedulers that a file may have at their defaults only. */
  private static final Map<String, List<String>> AT_THEIR_DEFAULTS =
      Map.ofEntries(
          Map.entry("algorithm_type", List.of("dpmsolver++")),
          Map.entry("disable_corrector", List.of("[]")),
          Map.entry("euler_at_final", List.of("false")),
          Map.entry("final_sigmas_type", List.of("zero")),
          Map.entry("flow_shift", List.of("1.0")),
          Map.entry("interpolation_type", List.of("linear")),
          Map.entry("lambda_min_clipped", List.of("-Infinity")),
          Map.entry("lower_order_final", List.of("true")),
          Map.entry("predict_epsilon", List.of("true")),
          Map.entry("predict_x0", List.of("true")),
          Map.entry("shift_terminal", List.of()),
          Map.entry("sigma_max", List.of()),
          Map.entry("sigma_min", List.of()),
          Map.entry("solver_order", List.of("2")),
          Map.entry("solver_p", List.of()),
          Map.entry("solver_type", List.of("midpoint", "bh2")),
          Map.entry("thresholding", List.of("false")),
          Map.entry("time_shift_type", List.of("exponential")),
          Map.entry("timestep_type", List.of("discrete")),
          Map.entry("use_beta_sigmas", List.of("false")),
          Map.entry("use_dynamic_shifting", List.of("false")),
          Map.entry("use_exponential_sigmas", List.of("false")),
          Map.entry("use_flow_sigmas", List.of("false")),
          Map.entry("use_karras_sigmas", List.of("false")),
          Map.entry("use_lu_lambdas", List.of("false")));

  /** What the options are called where a schedule checks its values. */
  private static final Map<String, String> NAMES =
      Map.of(
          "steps", "num_train_timesteps",
          "first_beta", "beta_start",
          "last_beta", "beta_end",
          "betas", "trained_betas");

  private final JsonOptions options;

  /** What every class of schedulers is here. */
  private enum Kind {
    DDPM("DDPMScheduler", "ddpm", "leading", true, true),
    DDIM("DDIMScheduler", "ddim", "leading", true, true),
    DPM_SOLVER("DPMSolverMultistepScheduler", "dpm-solver++", "linspace", false, true),
    UNIPC("UniPCMultistepScheduler", "unipc", "linspace", false, true),
    EULER("EulerDiscreteScheduler", "euler", "linspace", false, true),
    HEUN("HeunDiscreteScheduler", "heun", "linspace", false, false),
    PNDM("PNDMScheduler", "pndm", "leading", false, false);

    private final String className;
    private final String sampler;
    private final String spacing;
    private final boolean clips;
    private final boolean rescales;

    Kind(String className, String sampler, String spacing, boolean clips, boolean rescales) {
      this.className = className;
      this.sampler = sampler;
      this.spacing = spacing;
      this.clips = clips;
      this.rescales = rescales;
    }

    static Optional<Kind> ofClass(String name) {
      return Arrays.stream(values()).filter(kind -> kind.className.equals(name)).findFirst();
    }

    static Kind ofSampler(String name) {
      if (name.equals(PLMS)) {
        return PNDM;
      }
      return Arrays.stream(values())
          .filter(kind -> kind.sampler.equals(name))
          .findFirst()
          .orElse(DDPM);
    }
  }

  /**
   * Reads nothing yet.
   *
   * @param options of {@code scheduler_config.json}
   */
  DiffusersScheduler(JsonOptions options) {
    this.options = options;
  }

  /**
   * The noise schedule.
   *
   * @throws DdpmException (data) naming an option that is not known here
   */
  ScheduleSpec schedule() {
    options.require("beta_schedule", "linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid");
    int steps = options.integer("num_train_timesteps", TIMESTEPS);
    double start = options.number("beta_start", BETA_START);
    double end = options.number("beta_end", BETA_END);
    Optional<List<Double>> trained = options.numbers("trained_betas");
    if (trained.isPresent() && trained.get().size() != steps) {
      throw DdpmException.data(
          "%s: trained_betas has %d values: must have num_train_timesteps = %d.",
          options.file(), trained.get().size(), steps);
    }
    boolean rescaled = rescaled();
    return options.made(
        NAMES,
        () -> {
          ScheduleSpec schedule =
              trained.isPresent()
                  ? new ScheduleSpec.Betas(trained.get())
                  : switch (options.text("beta_schedule", "linear")) {
                    case "scaled_linear" -> new ScheduleSpec.ScaledLinear(steps, start, end);
                    case "squaredcos_cap_v2" -> new ScheduleSpec.Cosine(steps);
                    case "sigmoid" -> new ScheduleSpec.Sigmoid(steps, start, end);
                    default -> new ScheduleSpec.Linear(steps, start, end);
                  };
          return rescaled ? new ScheduleSpec.ZeroTerminalSnr(schedule) : schedule;
        });
  }

  /** Whether β is rescaled so that the last step leaves no signal. */
  private boolean rescaled() {
    if (!options.flag(RESCALED, false)) {
      return false;
    }
    if (prediction() == Prediction.EPSILON) {
      throw DdpmException.data(
          "%s: %s = true: is for prediction_type = v_prediction or sample: the last timestep is"
              + " noise alone, and the noise tells no image.",
          options.file(), RESCALED);
    }
    return true;
  }

  /**
   * What the network puts out.
   *
   * @throws DdpmException (data) if it is something else than noise, image or velocity
   */
  Prediction prediction() {
    options.require("prediction_type", "epsilon", "sample", "v_prediction");
    return switch (options.text("prediction_type", "epsilon")) {
      case "sample" -> Prediction.X0;
      case "v_prediction" -> Prediction.V;
      default -> Prediction.EPSILON;
    };
  }

  /**
   * Checks the options that nothing else has asked for.
   *
   * @throws DdpmException (data) naming one that is not known here, or not with its value
   */
  void requireRest() {
    OF_OTHER_SCHEDULERS.forEach(options::has);
    options.requireRest(AT_THEIR_DEFAULTS);
  }

  /**
   * How images are drawn, by the keys of a configuration.
   *
   * @throws DdpmException (data) naming an option that is not known here
   */
  Map<String, String> sampling() {
    Map<String, String> sampling = new TreeMap<>();
    String name = options.text("_class_name", Kind.DDPM.className);
    Kind kind =
        Kind.ofClass(name)
            .orElseThrow(
                () ->
                    DdpmException.data(
                        "%s: _class_name = %s: only %s are known here.",
                        options.file(),
                        StateDicts.shortened(name),
                        String.join(
                            ", ",
                            Arrays.stream(Kind.values()).map(known -> known.className).toList())));
    if (!kind.rescales && options.flag(RESCALED, false)) {
      throw DdpmException.data(
          "%s: %s = true: _class_name = %s does not know it, and would sample with another schedule"
              + " than the model was trained with.",
          options.file(), RESCALED, name);
    }
    sampling.put(SAMPLER, kind.sampler);
    sampling.put(SPACING, spacing(kind));
    // The library heeds it with this spacing alone.
    sampling.put(OFFSET, sampling.get(SPACING).equals("leading") ? offset() : "0");
    thresholding(kind, sampling);
    switch (kind) {
      case DDPM -> sampling.put(VARIANCE, variance());
      case DDIM -> {
        sampling.put(DDIM_NOISE, "predicted");
        sampling.put(END, markovEnd(/* cleanByDefault= */ true));
      }
      case PNDM -> {
        if (prediction() != Prediction.EPSILON) {
          throw DdpmException.data(
              "%s: prediction_type = %s: with _class_name = %s only epsilon is known here.",
              options.file(), options.text("prediction_type", "epsilon"), name);
        }
        if (options.flag("skip_prk_steps", false)) {
          sampling.put(SAMPLER, PLMS);
        }
        sampling.put(END, markovEnd(/* cleanByDefault= */ false));
      }
      case DPM_SOLVER -> {
        options.require("solver_type", "midpoint");
        options.require("variance_type");
        solver(sampling);
      }
      case UNIPC -> {
        options.require("solver_type", "bh2");
        solver(sampling);
      }
      case EULER, HEUN -> noiseLevels(sampling);
    }
    return sampling;
  }

  private String spacing(Kind kind) {
    options.require("timestep_spacing", "leading", "linspace", "trailing");
    return options.text("timestep_spacing", kind.spacing);
  }

  private void thresholding(Kind kind, Map<String, String> sampling) {
    // PNDM and those of Karras et al. have no thresholding there.
    if (kind != Kind.EULER
        && kind != Kind.HEUN
        && kind != Kind.PNDM
        && options.flag("thresholding", false)) {
      sampling.put(THRESHOLDING, "dynamic");
      sampling.put(
          QUANTILE,
          number("dynamic_thresholding_ratio", QUANTILE_DEFAULT, Double.MIN_VALUE, /* most= */ 1));
      sampling.put(BOUND, number("sample_max_value", 1, /* least= */ 1, LARGEST));
    } else if (kind == Kind.HEUN ? options.flag("clip_sample", false) : kind.clips && clips()) {
      sampling.put(THRESHOLDING, "clip");
      sampling.put(CLIP_RANGE, number("clip_sample_range", 1, Double.MIN_VALUE, LARGEST));
    } else {
      sampling.put(THRESHOLDING, "none");
    }
  }

  private String offset() {
    int offset = options.integer("steps_offset", 0);
    if (offset < 0 || offset > ScheduleSpec.MAXIMUM_STEPS) {
      throw options.wrong(
          "steps_offset", "a whole number from 0 to %d".formatted(ScheduleSpec.MAXIMUM_STEPS));
    }
    return Integer.toString(offset);
  }

  /** A number within the bounds that the configuration of sampling has, as a text. */
  private String number(String name, double absent, double least, double most) {
    double value = options.number(name, absent);
    if (value < least || value > most) {
      throw options.wrong(
          name,
          "a number %s and at most %.0f".formatted(least < 1 ? "above 0" : "of at least 1", most));
    }
    return Double.toString(value);
  }

  /** The first versions had the option under another name too. */
  private boolean clips() {
    return options.flag("clip_sample", options.flag("clip_predicted_image", true));
  }

  private String variance() {
    options.require("variance_type", "fixed_small", "fixed_small_log", "fixed_large");
    return options.text("variance_type", "fixed_small").equals("fixed_large")
        ? "fixed-large"
        : "fixed-small";
  }

  /** Where DDIM and PNDM end, whose defaults differ. */
  private String markovEnd(boolean cleanByDefault) {
    return options.flag("set_alpha_to_one", cleanByDefault) ? "clean" : "first-level";
  }

  private void solver(Map<String, String> sampling) {
    noiseLevels(sampling);
    options.require("final_sigmas_type", "zero", "sigma_min");
    // Files of versions before 0.26 do not have the option; these ended with the first level.
    sampling.put(
        END,
        options.text("final_sigmas_type", "sigma_min").equals("zero") ? "clean" : "first-level");
  }

  private void noiseLevels(Map<String, String> sampling) {
    sampling.put(NOISE_LEVELS, options.flag("use_karras_sigmas", false) ? "karras" : "schedule");
  }

  /**
   * The options that a model is sampled by, as the library's own configuration has them.
   *
   * @throws DdpmException (user) if its schedule cannot be said there along with its sampler
   */
  static Map<String, Object> write(ModelDescription model) {
    Map<String, String> sampling = model.sampling();
    Kind kind = Kind.ofSampler(sampling.getOrDefault(SAMPLER, Kind.DDPM.sampler));
    if (model.schedule() instanceof ScheduleSpec.ZeroTerminalSnr && !kind.rescales) {
      throw DdpmException.user(
          "--to diffusers: its %s knows no schedule that ends without signal, as this model's does;"
              + " use safetensors.",
          kind.className);
    }
    Map<String, Object> options = new TreeMap<>();
    options.put("_class_name", kind.className);
    options.put("_diffusers_version", DiffusersExport.VERSION);
    options.put("num_train_timesteps", model.schedule().steps());
    schedule(model.schedule(), options);
    options.put(
        "prediction_type",
        switch (model.prediction()) {
          case EPSILON -> "epsilon";
          case X0 -> "sample";
          case V -> "v_prediction";
        });
    // Without one here, timesteps are at equal distances from the first to the last.
    options.put("timestep_spacing", sampling.getOrDefault(SPACING, "linspace"));
    options.put("steps_offset", Integer.parseInt(sampling.getOrDefault(OFFSET, "0")));
    String thresholding =
        sampling.getOrDefault(THRESHOLDING, model.preset().clipX0() ? "clip" : "none");
    if (kind != Kind.EULER && kind != Kind.PNDM) {
      if (kind != Kind.HEUN) {
        options.put("thresholding", thresholding.equals("dynamic"));
        options.put(
            "dynamic_thresholding_ratio",
            Double.parseDouble(sampling.getOrDefault(QUANTILE, Double.toString(QUANTILE_DEFAULT))));
        options.put("sample_max_value", Double.parseDouble(sampling.getOrDefault(BOUND, "1.0")));
      }
      if (kind.clips || kind == Kind.HEUN) {
        options.put("clip_sample", thresholding.equals("clip"));
        options.put(
            "clip_sample_range", Double.parseDouble(sampling.getOrDefault(CLIP_RANGE, "1.0")));
      }
    }
    switch (kind) {
      case DDPM ->
          options.put(
              "variance_type", sampling.getOrDefault(VARIANCE, "fixed-large").replace('-', '_'));
      case DDIM -> options.put("set_alpha_to_one", endsClean(sampling));
      case PNDM -> {
        options.put("skip_prk_steps", sampling.get(SAMPLER).equals(PLMS));
        options.put("set_alpha_to_one", endsClean(sampling));
      }
      case DPM_SOLVER ->
          options.putAll(Map.of("algorithm_type", "dpmsolver++", "solver_type", "midpoint"));
      case UNIPC -> options.put("solver_type", "bh2");
      default -> {
        // The rest have no options of their own.
      }
    }
    if (kind == Kind.DPM_SOLVER || kind == Kind.UNIPC) {
      options.put("solver_order", 2);
      options.put("lower_order_final", true);
      options.put("final_sigmas_type", endsClean(sampling) ? "zero" : "sigma_min");
    }
    if (!kind.clips && kind != Kind.PNDM) {
      options.put(
          "use_karras_sigmas", sampling.getOrDefault(NOISE_LEVELS, "schedule").equals("karras"));
    }
    return new LinkedHashMap<>(options);
  }

  private static void schedule(ScheduleSpec schedule, Map<String, Object> options) {
    options.put("trained_betas", null);
    if (schedule instanceof ScheduleSpec.Linear linear) {
      options.put("beta_schedule", "linear");
      options.put("beta_start", linear.firstBeta());
      options.put("beta_end", linear.lastBeta());
    } else if (schedule instanceof ScheduleSpec.ScaledLinear scaled) {
      options.put("beta_schedule", "scaled_linear");
      options.put("beta_start", scaled.firstBeta());
      options.put("beta_end", scaled.lastBeta());
    } else if (schedule instanceof ScheduleSpec.Sigmoid sigmoid) {
      options.put("beta_schedule", "sigmoid");
      options.put("beta_start", sigmoid.firstBeta());
      options.put("beta_end", sigmoid.lastBeta());
    } else if (schedule instanceof ScheduleSpec.Betas given) {
      options.put("trained_betas", given.betas());
    } else if (schedule instanceof ScheduleSpec.ZeroTerminalSnr zero) {
      schedule(zero.rescaled(), options);
      options.put(RESCALED, true);
    } else {
      options.put("beta_schedule", "squaredcos_cap_v2");
    }
  }

  private static boolean endsClean(Map<String, String> sampling) {
    return sampling.getOrDefault(END, "clean").equals("clean");
  }
}
