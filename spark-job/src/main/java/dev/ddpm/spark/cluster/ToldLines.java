package dev.ddpm.spark.cluster;

import java.util.HashMap;
import java.util.Map;

/** What was last said of an application, each of whose jobs finds most of it once more. */
final class ToldLines {
  private final Map<String, String> told = new HashMap<>();
  private String application = "";

  /**
   * Whether a line differs from the last one about the same, which it is from now on.
   *
   * @param now Spark's id of the application; one that ended before is forgotten
   * @param about what it tells of
   */
  synchronized boolean isNews(String now, String about, String line) {
    if (!application.equals(now)) {
      application = now;
      told.clear();
    }
    return !line.equals(told.put(about, line));
  }
}
