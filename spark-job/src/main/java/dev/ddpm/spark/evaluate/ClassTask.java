package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureClasses;
import dev.ddpm.spark.cluster.ClusterJob;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Tells the classes of a block of images.
 *
 * @param extractor that of a classifier
 * @param configuration Hadoop's, as the driver has it
 */
record ClassTask(
    Broadcast<ExtractorSpec> extractor,
    Broadcast<SerializableConfiguration> configuration,
    FeatureView view)
    implements Function<Integer, int[]> {

  /** What each image is taken for, by its id. */
  static int[] run(ClusterJob job, ExtractorSpec extractor, FeatureView view) {
    var task =
        new ClassTask(
            job.broadcast(extractor),
            job.broadcast(new SerializableConfiguration(job.spark().hadoopConfiguration())),
            view);
    return job
        .spark()
        .parallelize(IntStream.range(0, view.shards()).boxed().toList(), view.shards())
        .map(task)
        .collect()
        .stream()
        .flatMapToInt(Arrays::stream)
        .toArray();
  }

  @Override
  public int[] call(Integer shard) {
    FeatureClasses classes = extractor.value().classes().orElseThrow();
    FeatureRows rows = view.read(shard, configuration.value().value());
    float[] features = new float[rows.features()];
    int[] said = new int[rows.count()];
    for (int row = 0; row < said.length; row++) {
      for (int i = 0; i < features.length; i++) {
        features[i] = rows.at(row, i);
      }
      said[row] = classes.classOf(features);
    }
    return said;
  }
}
