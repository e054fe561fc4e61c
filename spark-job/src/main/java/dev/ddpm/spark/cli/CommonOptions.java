package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.ConfigLoader;
import dev.ddpm.spark.config.LoadedConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
   * Loads the configuration that the options ask for.
   *
   * @throws DdpmException (user) naming what is wrong and where
   */
  LoadedConfig load() {
    return ConfigLoader.load(Optional.ofNullable(config), assignments);
  }
}
