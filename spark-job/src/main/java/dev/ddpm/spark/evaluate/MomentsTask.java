package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureMoments;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.spark.cluster.ClusterJob;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The moments of some parts of a set, each taken block by block in the order of the ids: the same
 * bits whoever computes them.
 */
record MomentsTask(
    Broadcast<SerializableConfiguration> configuration, FeatureView view, Parts parts, int tasks)
    implements Function<Integer, List<FeatureMoments>> {
  private static final int MOST_TASKS = 20;

  /** The moments of all parts, in their order. */
  static List<FeatureMoments> run(
      ClusterJob job,
      Broadcast<SerializableConfiguration> configuration,
      FeatureView view,
      Parts parts) {
    int tasks = Math.min(parts.count(), MOST_TASKS);
    var task = new MomentsTask(configuration, view, parts, tasks);
    List<FeatureMoments> all = new ArrayList<>();
    job.spark()
        .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
        .map(task)
        .collect()
        .forEach(all::addAll);
    return all;
  }

  @Override
  public List<FeatureMoments> call(Integer task) {
    Configuration hadoop = configuration.value().value();
    int first = (int) ((long) task * parts.count() / tasks);
    int end = (int) ((task + 1L) * parts.count() / tasks);
    PartRows rows = new PartRows(view, parts);
    List<FeatureMoments> moments = new ArrayList<>();
    for (int part = first; part < end; part++) {
      moments.add(new FeatureMoments(view.features()));
    }
    for (int shard = 0; shard < view.shards(); shard++) {
      FeatureRows block = view.read(shard, hadoop);
      for (int part = first; part < end; part++) {
        moments.get(part - first).add(rows.of(part, block, view.first(shard)));
      }
    }
    return moments;
  }
}
