package dev.ddpm.spark.cli;

import dev.ddpm.spark.config.ConfigReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm config}: what the configuration is, and what it could be. */
@Command(
    name = "config",
    description = "Prints the effective configuration and the origin of each value.",
    footer = {
      "",
      "Examples:",
      "  ddpm config --config conf/fashion-mnist.conf --set training.epochs=3",
      "  ddpm config --reference > conf/REFERENCE.md"
    })
final class ConfigCommand implements Runnable {

  @Spec CommandSpec spec;

  @Mixin CommonOptions common;

  @Option(
      names = "--reference",
      description = "Prints the reference of all keys as Markdown instead.")
  boolean reference;

  @Override
  public void run() {
    String text = reference ? ConfigReference.markdown() : common.load().render();
    spec.commandLine().getOut().print(text);
    spec.commandLine().getOut().flush();
  }
}
