package dev.ddpm.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.ClusterJob;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long it takes to find who is near to whom among 50,000 real and 10,000 generated images of 64
 * features. EVALUATION.md has the figure; it is measured on demand.
 */
@EnabledIfSystemProperty(named = "neighbours.measure", matches = "true")
class NeighbourSpeedTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int FEATURES = 64;

  @TempDir Path folder;

  /** Normally distributed features, from the files that an evaluation would have written. */
  private FeatureView features(String name, int images) throws IOException {
    var files =
        FeatureFiles.in(
            folder.toString(), new TreeMap<>(Map.of("extractor.kind", name)), images, FEATURES);
    Random random = new Random(images);
    var view = new FeatureView(files, images);
    for (int shard = 0; shard < view.shards(); shard++) {
      float[] values = new float[FeatureFiles.SHARD * FEATURES];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      files.write(shard, values, new Configuration());
    }
    return view;
  }

  @Test
  void fiftyThousandAndTenThousandImages() throws IOException {
    FeatureView real = features("real", 50_000);
    FeatureView generated = features("generated", 10_000);

    try (ClusterJob job = ClusterJob.start(SPARK.context("local[2]"), BackendChoice.DEFAULT)) {
      Instant start = Instant.now();
      Neighbourhoods.compute(job, real, generated);
      Duration taken = Duration.between(start, Instant.now());
      System.out.printf("Neighbours of 50,000 and 10,000 images: %d s%n", taken.toSeconds());
      assertThat(taken).isLessThan(Duration.ofMinutes(10));
    }
  }
}
