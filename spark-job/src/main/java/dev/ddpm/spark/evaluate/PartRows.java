package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureRows;
import java.util.Arrays;
import java.util.function.LongToIntFunction;
import org.apache.hadoop.conf.Configuration;

/** The feature vectors of one part of a set, in the order of their ids. */
final class PartRows {
  private final FeatureView view;
  private final LongToIntFunction parts;

  PartRows(FeatureView view, Parts parts) {
    this.view = view;
    this.parts = parts.assignment();
  }

  /** Those of a part that are in a block that was read. */
  FeatureRows of(int part, FeatureRows block, long firstId) {
    float[] values = new float[block.count() * block.features()];
    int count = 0;
    for (int row = 0; row < block.count(); row++) {
      if (parts.applyAsInt(firstId + row) == part) {
        for (int i = 0; i < block.features(); i++) {
          values[count * block.features() + i] = block.at(row, i);
        }
        count++;
      }
    }
    return new FeatureRows(
        Arrays.copyOf(values, count * block.features()), count, block.features());
  }

  /** All of a part. */
  FeatureRows all(int part, Configuration configuration) {
    float[] values = new float[0];
    int features = view.features();
    int count = 0;
    for (int shard = 0; shard < view.shards(); shard++) {
      FeatureRows rows = of(part, view.read(shard, configuration), view.first(shard));
      values = Arrays.copyOf(values, Math.addExact(count, rows.count()) * features);
      for (int row = 0; row < rows.count(); row++, count++) {
        for (int i = 0; i < features; i++) {
          values[count * features + i] = rows.at(row, i);
        }
      }
    }
    return new FeatureRows(values, count, features);
  }
}
