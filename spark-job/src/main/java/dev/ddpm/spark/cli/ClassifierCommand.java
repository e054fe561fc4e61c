package dev.ddpm.spark.cli;

import dev.ddpm.spark.classify.ClassifierJob;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm classifier}: trains the classifier whose features images are compared by. */
@Command(
    name = "classifier",
    description =
        "Trains a small classifier on the labels of a table, on this machine alone, and says how"
            + " many images it recognises that it was not trained on. Its features are what"
            + " 'evaluate --extractor classifier:FOLDER' compares sets of images by.",
    footer = {
      "",
      "Examples:",
      "  ddpm classifier --data tables/flowers --output classifiers/flowers",
      "  ddpm classifier --data tables/digits --test tables/digits-test \\",
      "    --output classifiers/digits --epochs 20"
    })
final class ClassifierCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--data",
      paramLabel = "TABLE",
      required = true,
      description = "Image table with labels from 0 on, as 'ingest' writes it.")
  String data;

  @Option(
      names = "--test",
      paramLabel = "TABLE",
      description =
          "Image table of the same kind that it is tested on. Default: a tenth of TABLE is held"
              + " out.")
  Optional<String> test;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      required = true,
      description = "Output folder: a new or an empty one.")
  String output;

  @In("[10, 1000000000]")
  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Uses the ids 0 to N-1. Default: all images of the table.")
  Long images;

  @In("[1, 10000]")
  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "10",
      description = "How often each image is used. Default: ${DEFAULT-VALUE}.")
  int epochs;

  @In("[0, 4294967295]")
  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Of the first weights and the order of the images. Default: ${DEFAULT-VALUE}.")
  long seed;

  @Override
  public Integer call() {
    var request =
        new ClassifierJob.Request(
            data,
            test,
            output,
            images == null ? OptionalLong.empty() : OptionalLong.of(images),
            epochs,
            seed);
    SparkSession spark = SparkSession.builder().getOrCreate();
    var out = spec.commandLine().getOut();
    ClassifierJob.Result result = new ClassifierJob(spark, out).run(request);
    out.println(result.accuracy() + ".");
    out.println("Classifier: " + output);
    return 0;
  }
}
