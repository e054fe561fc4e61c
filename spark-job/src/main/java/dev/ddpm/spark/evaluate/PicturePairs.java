package dev.ddpm.spark.evaluate;

import java.util.List;

/**
 * Pictures that are shown side by side.
 *
 * @param title what they have in common
 * @param pairs of a sample and a real image
 */
record PicturePairs(String title, List<Pair> pairs) {

  /** Pairs that are shown of one kind. */
  static final int MOST = 16;

  /**
   * Two pictures.
   *
   * @param sample index of a sample
   * @param real id of a real image
   * @param caption what there is to say of them
   */
  record Pair(long sample, long real, String caption) {}
}
