package dev.ddpm.spark.cluster;

import java.io.PrintWriter;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;

/**
 * Work on images whose progress is shown until it is closed.
 *
 * @param spark the application that works
 * @param imageSteps to which tasks add the steps that they have made, images times steps
 * @param progress what is shown of it
 */
public record Watched(SparkContext spark, LongAccumulator imageSteps, ImageProgress progress)
    implements AutoCloseable {

  /**
   * Shows progress from now on.
   *
   * @param verb what is done to images, such as sampling
   * @param images how many
   * @param steps of each image
   * @param out receives the lines
   */
  public static Watched start(
      SparkContext spark, String verb, long images, int steps, PrintWriter out) {
    String counter = verb + ": image steps";
    var watched =
        new Watched(
            spark,
            spark.longAccumulator(counter),
            ImageProgress.start(verb, counter, images, steps, out));
    spark.addSparkListener(watched.progress());
    return watched;
  }

  @Override
  public void close() {
    spark.removeSparkListener(progress);
    progress.close();
  }
}
