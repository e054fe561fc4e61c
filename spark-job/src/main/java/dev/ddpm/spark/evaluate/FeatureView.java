package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureRows;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;

/**
 * The features of the first images of a table, as tasks read them.
 *
 * @param files all of which are there
 * @param images how many, at most those of the table
 */
record FeatureView(FeatureFiles files, long images) implements Serializable {

  /** Blocks of consecutive images. */
  int shards() {
    return FeatureFiles.shards(images);
  }

  /** Numbers per image. */
  int features() {
    return files.features();
  }

  /** Id of the first image of a block. */
  long first(int shard) {
    return (long) shard * FeatureFiles.SHARD;
  }

  /** Images of a block. */
  int count(int shard) {
    return (int) Math.min(FeatureFiles.SHARD, images - first(shard));
  }

  /** Reads a block. */
  FeatureRows read(int shard, Configuration configuration) {
    return files.read(shard, count(shard), configuration);
  }
}
