package dev.ddpm.spark.train;

import dev.ddpm.spark.dataset.RawTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.SparkSession;

/** Image tables of grey 8×8 noise, and the settings of a network that is trained in no time. */
final class TinyTable {
  static final List<String> SETTINGS =
      List.of(
          "model.channels=8",
          "model.channel-multipliers=[1, 2]",
          "model.attention=[false, true]",
          "model.blocks=1",
          "model.norm-groups=8",
          "training.batch-size=4",
          "training.workers=2",
          "training.averaging-frequency=2",
          "training.learning-rate=1e-3",
          "training.warm-up-steps=5",
          "training.epochs=2",
          "training.checkpoint-every=2",
          "training.lease-seconds=3",
          "training.seed=7");

  private TinyTable() {}

  /**
   * Writes a table.
   *
   * @param bad ids of images that are cut off
   */
  static String write(SparkSession spark, Path folder, int images, Set<Integer> bad) {
    var random = new Random(1);
    List<byte[]> noise = new ArrayList<>();
    for (int id = 0; id < images; id++) {
      byte[] pixels = new byte[bad.contains(id) ? 63 : 64];
      random.nextBytes(pixels);
      noise.add(pixels);
    }
    String path = folder.toString();
    RawTable.of(spark, 8, 8, noise).coalesce(2).write().parquet(path);
    return path;
  }
}
