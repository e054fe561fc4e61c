package dev.ddpm.spark.cluster;

import java.util.HashSet;
import java.util.Set;

/** What was said of an application, each of whose jobs finds the same once more. */
final class ToldLines {
  private final Set<String> told = new HashSet<>();
  private String application = "";

  /**
   * Whether nobody has heard a line yet, which now is told.
   *
   * @param now Spark's id of the application; one that ended before is forgotten
   */
  synchronized boolean isNews(String now, String line) {
    if (!application.equals(now)) {
      application = now;
      told.clear();
    }
    return told.add(line);
  }
}
