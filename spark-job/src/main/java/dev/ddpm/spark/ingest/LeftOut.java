package dev.ddpm.spark.ingest;

import java.util.List;

/**
 * What was found in an input and is not in the table, of one reason.
 *
 * @param reason what goes on after "because it", such as "is empty"
 * @param count how many
 * @param names of the first of them, at most {@link #NAMES}, in their order
 */
public record LeftOut(String reason, long count, List<String> names) {
  /** How many names are kept per reason. */
  public static final int NAMES = 3;

  /** Copies the list. */
  public LeftOut {
    names = List.copyOf(names);
  }

  /** One line: how many, why, and which. */
  @Override
  public String toString() {
    String more = count > names.size() ? ", …" : "";
    return count + " left out because it " + reason + ": " + String.join(", ", names) + more;
  }
}
