package dev.ddpm.spark.deploy;

import dev.ddpm.spark.TinyExperiment;
import java.util.ArrayList;
import java.util.List;

/**
 * The same three jobs for every cluster: ingest 64 images, train six rounds with a checkpoint after
 * each, sample twelve images.
 *
 * @param input folder or URI with {@code images.gz} and {@code labels.gz}
 * @param base folder or URI for everything that is made
 */
record TinyApplications(String input, String base) {
  static final int ROUNDS = 2 * TinyExperiment.ROUNDS_PER_EPOCH;

  List<String> ingest() {
    return List.of(
        "ingest",
        "--source",
        "idx",
        "--height",
        Integer.toString(TinyExperiment.HEIGHT),
        "--width",
        Integer.toString(TinyExperiment.WIDTH),
        "--resize",
        "stretch",
        "--labels",
        input + "/labels.gz",
        "--output",
        base + "/table",
        input + "/images.gz");
  }

  List<String> train() {
    List<String> words =
        new ArrayList<>(List.of("train", "--data", base + "/table", "--run", base + "/run"));
    words.addAll(TinyExperiment.options());
    words.addAll(List.of("--set", "training.epochs=2", "--set", "training.checkpoint-every=1"));
    words.addAll(List.of("--set", "training.keep-checkpoints=" + ROUNDS));
    return List.copyOf(words);
  }

  List<String> sample() {
    List<String> words =
        new ArrayList<>(
            List.of(
                "sample",
                "--model",
                base + "/run",
                "--output",
                base + "/samples",
                "--count",
                "12"));
    words.addAll(TinyExperiment.options());
    return List.copyOf(words);
  }
}
