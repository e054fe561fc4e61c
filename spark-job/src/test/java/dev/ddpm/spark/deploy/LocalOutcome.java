package dev.ddpm.spark.deploy;

import dev.ddpm.spark.dataset.Files64;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/** The outcome on embedded local Spark, which every cluster has to reach; computed once. */
final class LocalOutcome {
  private static final Outcome OUTCOME = compute();

  private LocalOutcome() {}

  static Outcome get() {
    return OUTCOME;
  }

  /** Puts the 64 images where {@link TinyApplications} expect them. */
  static Path inputIn(Path folder) throws IOException {
    Path input = Files.createDirectories(folder.resolve("input"));
    Files.copy(Path.of(Files64.IMAGES), input.resolve("images.gz"));
    Files.copy(Path.of(Files64.LABELS), input.resolve("labels.gz"));
    return input;
  }

  private static Outcome compute() {
    try {
      Path folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "local-outcome");
      var jobs = new TinyApplications(inputIn(folder).toString(), folder.toString());
      for (List<String> job : List.of(jobs.ingest(), jobs.train(), jobs.sample())) {
        List<String> words = new ArrayList<>(List.of("--master", "local[2]"));
        words.addAll(List.of("--memory", "512m", "--native-memory", "1g"));
        words.addAll(job);
        Path log = folder.resolve(job.get(0) + ".log");
        try (Submission local = Submission.start(log, Map.of(), "local.sh", words)) {
          local.succeeds();
        }
      }
      return Outcome.of(folder.toString(), new Configuration());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
