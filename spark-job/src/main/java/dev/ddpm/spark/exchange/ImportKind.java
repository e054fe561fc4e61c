package dev.ddpm.spark.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.exchange.BareModel;
import dev.ddpm.exchange.DiffusersModel;
import dev.ddpm.exchange.ForeignModel;
import dev.ddpm.exchange.LabmlModel;
import dev.ddpm.exchange.LabmlShapes;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.config.ClassesChoice;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.DiffusionConfig;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The systems whose models can be imported. */
public enum ImportKind {
  /** The annotated implementation of labml.ai. */
  LABML {
    @Override
    ForeignModel open(Path source, Settings settings) {
      for (String assignment : settings.assignments()) {
        if (assignment.startsWith("model.") && !assignment.matches(OPEN_KEYS)) {
          throw DdpmException.user(
              "--from labml: --set %s is not read: the weights say what the network is.",
              assignment);
        }
      }
      ExperimentConfig config = settings.load("diffusion.preset=labml");
      ModelConfig model = config.model();
      if (model.height() == 0 || model.width() == 0) {
        throw DdpmException.user(
            "--from labml: the weights do not tell the size of the images; set --height and"
                + " --width.");
      }
      return new LabmlModel(
          source,
          new LabmlShapes.Unseen(
              model.height(),
              model.width(),
              model.normGroups(),
              model.attentionHeads(),
              model.dropout()),
          conventions(config.diffusion()));
    }
  },

  /** The diffusers library: a pipeline, or its network alone. */
  DIFFUSERS {
    @Override
    ForeignModel open(Path source, Settings settings) {
      if (settings.config().isPresent()) {
        throw DdpmException.user(
            "--from diffusers: --config is not read: the folder says what the network is.");
      }
      ModelConfig model = settings.load().model();
      for (String assignment : settings.assignments()) {
        if (!assignment.startsWith("model.height=") && !assignment.startsWith("model.width=")) {
          throw DdpmException.user(
              "--from diffusers: --set %s is not read: the folder says what the network is.",
              assignment);
        }
      }
      return new DiffusersModel(source, size(model.height()), size(model.width()));
    }

    private static Optional<Integer> size(int configured) {
      return configured == 0 ? Optional.empty() : Optional.of(configured);
    }
  },

  /** Weights alone; a configuration describes their network. */
  STATE_DICT {
    @Override
    ForeignModel open(Path source, Settings settings) {
      ExperimentConfig config = settings.load();
      ModelConfig model = config.model();
      if (model.height() == 0 || model.width() == 0 || model.imageChannels() == 0) {
        throw DdpmException.user(
            "--from state-dict: a configuration must describe the network; set --config, with"
                + " model.image-channels, model.height and model.width in it.");
      }
      var image = new ImageShape(model.height(), model.width(), model.imageChannels());
      return new BareModel(
          source,
          rows -> model.architecture(image, rows),
          model.classes() == ClassesChoice.LABELS,
          conventions(config.diffusion()));
    }
  };

  /** What the weights of the annotated implementation leave open. */
  private static final String OPEN_KEYS =
      "model\\.(height|width|norm-groups|attention-heads|dropout)=.*";

  /**
   * What the files do not tell.
   *
   * @param config a configuration file
   * @param assignments {@code key=value}, later ones winning
   */
  public record Settings(Optional<Path> config, List<String> assignments) {
    /** Freezes the list. */
    public Settings {
      assignments = List.copyOf(assignments);
    }

    /** The configuration, in which other assignments come before those of the user. */
    ExperimentConfig load(String... before) {
      List<String> all = new ArrayList<>(List.of(before));
      all.addAll(assignments);
      return ConfigLoader.load(config, all).experiment();
    }
  }

  /**
   * Looks at a model.
   *
   * @throws DdpmException (data) if there is none; (user) if a setting is missing or does not fit
   */
  abstract ForeignModel open(Path source, Settings settings);

  private static ForeignModel.Conventions conventions(DiffusionConfig diffusion) {
    return new ForeignModel.Conventions(
        diffusion.scheduleSpec(),
        diffusion.prediction(),
        diffusion.preset(),
        diffusion.dataRange());
  }
}
