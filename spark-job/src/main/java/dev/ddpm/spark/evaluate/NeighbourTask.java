package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.Balls;
import dev.ddpm.evaluation.Distances;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.NearestNeighbours;
import dev.ddpm.evaluation.Thumbnail;
import dev.ddpm.spark.cluster.ClusterJob;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Goes with a block of images through all images of a set, block by block, and finds the nearest of
 * them and the balls around them. A task holds two blocks, however large the sets are.
 *
 * @param mirrored whether the images are {@link Thumbnail}s, and are mirrored first
 * @param own whether the images are themselves those of the set
 * @param kept nearest images of each
 * @param squaredRadii the radii of the balls of a kind, by the ids of the set
 */
record NeighbourTask(
    Broadcast<SerializableConfiguration> configuration,
    FeatureView images,
    FeatureView set,
    boolean mirrored,
    boolean own,
    int kept,
    List<Broadcast<double[]>> squaredRadii)
    implements Function<Integer, NeighbourTask.Found> {

  /** What was found for some images, in the order of their ids. */
  static final class Found implements Serializable {
    private static final long serialVersionUID = 1L;
    private final double[] squared;
    private final long[] ids;
    private final List<long[]> around;

    private Found(double[] squared, long[] ids, List<long[]> around) {
      this.squared = squared;
      this.ids = ids;
      this.around = around;
    }

    /** Squared distances of the nearest, those of each image in ascending order. */
    double[] squared() {
      return squared;
    }

    /** Their ids, in the same places. */
    long[] ids() {
      return ids;
    }

    /** For a kind of balls, in how many each image lies. */
    long[] around(int kind) {
      return around.get(kind);
    }
  }

  /** Runs it for all blocks. */
  Found run(ClusterJob job) {
    int shards = images.shards();
    List<Found> parts =
        job.spark()
            .parallelize(IntStream.range(0, shards).boxed().toList(), shards)
            .map(this)
            .collect();
    List<long[]> around = new ArrayList<>();
    for (int kind = 0; kind < squaredRadii.size(); kind++) {
      int of = kind;
      around.add(parts.stream().flatMapToLong(part -> Arrays.stream(part.around(of))).toArray());
    }
    return new Found(
        parts.stream().flatMapToDouble(part -> Arrays.stream(part.squared())).toArray(),
        parts.stream().flatMapToLong(part -> Arrays.stream(part.ids())).toArray(),
        around);
  }

  @Override
  public Found call(Integer shard) {
    Configuration hadoop = configuration.value().value();
    FeatureRows read = images.read(shard, hadoop);
    FeatureRows rows = mirrored ? Thumbnail.mirrored(read) : read;
    NearestNeighbours nearest =
        own
            ? NearestNeighbours.within(rows.count(), kept, images.first(shard))
            : NearestNeighbours.in(rows.count(), kept);
    List<Balls> balls =
        squaredRadii.stream().map(radii -> new Balls(rows.count(), radii.value())).toList();
    List<Distances.Listener> listeners = new ArrayList<>(balls);
    listeners.add(nearest);
    for (int other = 0; other < set.shards(); other++) {
      Distances.scan(rows, set.read(other, hadoop), set.first(other), listeners);
    }
    return new Found(nearest.squared(), nearest.ids(), balls.stream().map(Balls::around).toList());
  }
}
