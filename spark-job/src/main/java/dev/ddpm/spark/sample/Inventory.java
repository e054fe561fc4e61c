package dev.ddpm.spark.sample;

import java.util.List;

/**
 * What was found in an output folder when its files were checked.
 *
 * @param intact the files of images with all that belongs to them, by their first index
 * @param flaws what is not as it was written
 */
record Inventory(List<Shard> intact, List<Flaw> flaws) {

  Inventory {
    intact = List.copyOf(intact);
    flaws = List.copyOf(flaws);
  }

  /**
   * A file that is damaged or gone.
   *
   * @param table of the file
   * @param range whose file it is
   * @param what is the matter with it, as what follows "it": is gone, is damaged (…)
   */
  record Flaw(ShardTable table, IndexRange range, String what) {

    /** One line for people. */
    String line() {
      return "%s/%s %s: its %,d images are drawn anew."
          .formatted(table.folder(), ShardFiles.fileName(range), what, range.count());
    }
  }
}
