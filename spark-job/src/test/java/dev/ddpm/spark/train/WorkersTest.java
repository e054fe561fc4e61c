package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Another number of workers is another model, but not a worse one. */
class WorkersTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int EPOCHS = 5;

  @TempDir Path folder;

  /** With the batch divided among the workers, as many optimiser steps see as many images. */
  @Test
  void moreWorkersUseTheSameRowsAndLearnAsFast() throws IOException {
    String table = folder.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session("local[4]", Map.of()), table);
    Map<Integer, List<Double>> curves = new TreeMap<>();
    for (int workers : new int[] {1, 2, 4}) {
      Path run = folder.resolve("run-" + workers);
      String printed = train(table, run, workers);
      assertThat(printed.lines().filter(line -> line.contains("64 images used + 0 skipped = 64")))
          .as("%d workers", workers)
          .hasSize(EPOCHS);
      curves.put(workers, losses(run));
    }

    List<Double> alone = curves.get(1);
    assertThat(alone.get(EPOCHS - 1)).isLessThan(0.5 * alone.get(0));
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      // workers that make two steps by themselves lag behind a little, more so if they are many
      assertThat(curves.get(2).get(epoch)).isCloseTo(alone.get(epoch), withPercentage(5));
      assertThat(curves.get(4).get(epoch)).isCloseTo(alone.get(epoch), withPercentage(10));
    }
  }

  private static String train(String table, Path run, int workers) {
    var printed = new StringWriter();
    new TrainJob(
            SPARK.session("local[4]", Map.of()),
            TinyExperiment.with(
                "training.workers=" + workers,
                "training.batch-size=" + 8 / workers,
                "training.averaging-frequency=2",
                "training.epochs=" + EPOCHS),
            table,
            run.toString(),
            Resume.NEVER,
            new PrintWriter(printed, true))
        .run();
    return printed.toString();
  }

  /** Mean loss of each epoch. */
  private static List<Double> losses(Path run) throws IOException {
    List<Double> sums = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      JsonNode round = new JsonMapper().readTree(line);
      int epoch = round.get("epoch").asInt();
      if (sums.size() < epoch) {
        sums.add(0.0);
      }
      double weight = round.get("used").asDouble() / TinyExperiment.IMAGES;
      sums.set(epoch - 1, sums.get(epoch - 1) + weight * round.get("loss").asDouble());
    }
    return sums;
  }
}
