package dev.ddpm.spark.ingest;

import java.util.List;

/**
 * Where everything went that was found in an input: files of a folder, or images of a file of many.
 *
 * @param found how many there are
 * @param used how many are in the table
 * @param leftOut the others, by reason
 */
public record Account(long found, long used, List<LeftOut> leftOut) {

  /**
   * Copies the list.
   *
   * @throws IllegalStateException if what was used and what was left out is not what was found
   */
  public Account {
    leftOut = List.copyOf(leftOut);
    long accountedFor = used + leftOut.stream().mapToLong(LeftOut::count).sum();
    if (accountedFor != found) {
      throw new IllegalStateException(
          "Of " + found + " pictures " + accountedFor + " are accounted for");
    }
  }
}
