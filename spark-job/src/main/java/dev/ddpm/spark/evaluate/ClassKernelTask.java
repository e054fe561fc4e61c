package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.KernelDistance;
import dev.ddpm.spark.cluster.ClusterJob;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Σ k over the pairs of images of the same class, one on the left and one on the right, for a block
 * on the left with all on the right, or with itself and later ones. A task holds two blocks.
 *
 * @param own whether left and right are the same set
 */
record ClassKernelTask(
    Broadcast<SerializableConfiguration> configuration,
    FeatureView left,
    Parts leftClasses,
    FeatureView right,
    Parts rightClasses,
    boolean own)
    implements Function<Integer, ClassKernelTask.Sums> {

  /** What was added up, by class. */
  static final class Sums implements Serializable {
    private static final long serialVersionUID = 1L;
    private final double[] sums;
    private final long[] images;

    private Sums(int classes) {
      this.sums = new double[classes];
      this.images = new long[classes];
    }

    /** Σ k of a class. */
    double sum(int place) {
      return sums[place];
    }

    /** Images of a class on the left. */
    long images(int place) {
      return images[place];
    }
  }

  /** Runs it for all blocks, whose sums are added in their order. */
  Sums run(ClusterJob job) {
    int shards = left.shards();
    List<Sums> parts =
        job.spark()
            .parallelize(IntStream.range(0, shards).boxed().toList(), shards)
            .map(this)
            .collect();
    Sums all = new Sums(leftClasses.count());
    for (Sums part : parts) {
      for (int place = 0; place < all.sums.length; place++) {
        all.sums[place] += part.sums[place];
        all.images[place] += part.images[place];
      }
    }
    return all;
  }

  @Override
  public Sums call(Integer shard) {
    Configuration hadoop = configuration.value().value();
    PartRows ofLeft = new PartRows(left, leftClasses);
    PartRows ofRight = new PartRows(right, rightClasses);
    FeatureRows block = left.read(shard, hadoop);
    FeatureRows[] classes = new FeatureRows[leftClasses.count()];
    Sums sums = new Sums(classes.length);
    for (int place = 0; place < classes.length; place++) {
      classes[place] = ofLeft.of(place, block, left.first(shard));
      sums.images[place] = classes[place].count();
      sums.sums[place] = own ? KernelDistance.sumWithin(classes[place]) : 0;
    }
    for (int other = own ? shard + 1 : 0; other < right.shards(); other++) {
      FeatureRows opposite = right.read(other, hadoop);
      for (int place = 0; place < classes.length; place++) {
        if (classes[place].count() > 0) {
          double pairs =
              KernelDistance.sum(classes[place], ofRight.of(place, opposite, right.first(other)));
          sums.sums[place] += own ? 2 * pairs : pairs;
        }
      }
    }
    return sums;
  }
}
