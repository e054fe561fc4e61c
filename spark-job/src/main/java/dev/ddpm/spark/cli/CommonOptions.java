package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.cuda.CudaBackend;
import dev.ddpm.spark.cluster.GivenGpus;
import dev.ddpm.spark.config.BackendConfig;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.ExperimentConfig;
import dev.ddpm.spark.config.LoadedConfig;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.stored.StoredModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Option;

/** The options of every sub-command that needs the configuration, as a mix-in. */
final class CommonOptions {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Configuration file (HOCON), such as conf/fashion-mnist.conf.")
  Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Overrides a configuration key, such as training.batch-size=64; may be repeated.")
  List<String> assignments = new ArrayList<>();

  /**
   * Sets a key by an option that is short for it.
   *
   * @param option as it was given, for the message
   * @throws DdpmException (user) if {@code --set} has another value for the key
   */
  void assign(String option, String key, String value) {
    String start = key + "=";
    for (String assignment : assignments) {
      String written = assignment.replaceFirst("\\s*=\\s*", "=").strip();
      if (written.startsWith(start) && !written.substring(start.length()).equalsIgnoreCase(value)) {
        throw DdpmException.user(
            "%s and --set %s contradict each other; leave out one of them.", option, assignment);
      }
    }
    assignments.add(start + value);
  }

  /**
   * Loads the configuration that the options ask for.
   *
   * @throws DdpmException (user) naming what is wrong and where
   */
  LoadedConfig load() {
    return load(Map.of());
  }

  private LoadedConfig load(Map<String, String> ofModel) {
    boolean onGpus = GivenGpus.any() && CudaBackend.isIncluded();
    Map<String, String> ofCluster =
        onGpus ? Map.of(BackendConfig.DEVICE, Word.of(DeviceChoice.CUDA)) : Map.of();
    LoadedConfig loaded =
        ConfigLoader.load(Optional.ofNullable(config), assignments, ofModel, ofCluster);
    if (onGpus && loaded.experiment().backend().device() == DeviceChoice.CPU) {
      throw DdpmException.user(
          "%s = cpu (%s): contradicts %s, by which Spark gives tasks GPUs (--gpus of the scripts);"
              + " leave out one of them.",
          BackendConfig.DEVICE, loaded.origin(BackendConfig.DEVICE), GivenGpus.AMOUNT);
    }
    return loaded;
  }

  /**
   * How a trained model is used: as the options say, and where they say nothing, as the model does.
   *
   * @param model path of a model or run folder
   * @throws DdpmException (user) as {@link #load}; (data) if there is no model
   */
  ExperimentConfig experiment(String model, SparkSession spark) {
    Map<String, String> ofModel =
        StoredModel.open(model, spark.sparkContext().hadoopConfiguration())
            .description()
            .sampling();
    return load(ofModel).experiment();
  }
}
