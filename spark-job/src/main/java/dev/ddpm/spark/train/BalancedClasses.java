package dev.ddpm.spark.train;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.training.BalancedOrder;
import java.util.Arrays;
import java.util.Locale;

/** Batches in which all classes of a table have the same share. */
final class BalancedClasses {
  private BalancedClasses() {}

  /**
   * The order of the images of a table that are trained on.
   *
   * @param table path, for messages
   * @throws DdpmException (user) if none of them has a label
   */
  static BalancedOrder order(ImageTableReader reader, DataSplit split, long seed, String table) {
    int[] labels = new int[Math.toIntExact(split.training())];
    if (reader.labels().isPresent()) {
      int[] all = reader.labelsById();
      for (int id = 0; id < all.length; id++) {
        int label = all[id];
        split.trainingRow(id).ifPresent(row -> labels[(int) row] = label);
      }
    } else {
      Arrays.fill(labels, ClassLabels.NO_LABEL);
    }
    if (Arrays.stream(labels).allMatch(label -> label == ClassLabels.NO_LABEL)) {
      throw DdpmException.user(
          "training.balance-classes = true: no image of the table %s that is trained on has a"
              + " label; ingest it with labels, or set training.balance-classes = false.",
          table);
    }
    return new BalancedOrder(labels, seed);
  }

  /** What people are told of it. */
  static String told(BalancedOrder order) {
    return String.format(
        Locale.ROOT,
        "Batches are balanced over %,d classes, which have %,d to %,d images: an epoch uses about"
            + " %,d of each, again and again where there are fewer.",
        order.classes(),
        order.smallest(),
        order.largest(),
        order.share());
  }
}
