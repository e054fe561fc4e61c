package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.SparkSession;

/** A driver in a process of its own that evaluates, and ends as by kill -9 among the features. */
final class HaltingEvaluation {
  static final int HALTED = 137;

  /** With two tasks at a time the first 2,048 images are in files before. */
  private static final int LAST_IMAGE = 2600;

  private static final AtomicInteger SEEN = new AtomicInteger();

  private HaltingEvaluation() {}

  /**
   * Evaluates.
   *
   * @param arguments table, samples, output folder, and folder of features
   */
  public static void main(String[] arguments) {
    SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("halting driver")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate();
    SetFaultTest.evaluate(
        spark,
        Path.of(arguments[0]),
        Path.of(arguments[1]),
        Path.of(arguments[2]),
        Path.of(arguments[3]),
        new HaltingSpec(),
        new StringWriter());
    spark.stop();
  }

  /** The features of {@link VectorImages.Spec}, by its name, as long as the process lives. */
  private record HaltingSpec() implements ExtractorSpec {
    @Override
    public SortedMap<String, String> settings() {
      return new VectorImages.Spec().settings();
    }

    @Override
    public FeatureExtractor open(ImageShape images) {
      FeatureExtractor vectors = new VectorImages.Spec().open(images);
      return new FeatureExtractor() {
        @Override
        public int features() {
          return vectors.features();
        }

        @Override
        public void extract(byte[] image, float[] to, int offset) {
          if (SEEN.incrementAndGet() > LAST_IMAGE) {
            Runtime.getRuntime().halt(HALTED);
          }
          vectors.extract(image, to, offset);
        }
      };
    }
  }
}
