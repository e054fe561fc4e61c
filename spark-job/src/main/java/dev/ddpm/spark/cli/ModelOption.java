package dev.ddpm.spark.cli;

import picocli.CommandLine.Option;

/** The option of every sub-command that uses a trained model, as a mix-in. */
final class ModelOption {

  @Option(
      names = "--model",
      paramLabel = "FOLDER",
      required = true,
      description = "Run folder of 'train', or a model folder in it.")
  String folder;
}
