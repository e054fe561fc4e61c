package dev.ddpm.spark.cluster;

import java.util.Locale;

/** Times as people read them. */
public final class Durations {
  private Durations() {}

  /** Such as {@code 42s}, {@code 6m 12s} or {@code 3h 05m}. */
  public static String readable(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + "s";
    }
    if (whole < 3600) {
      return String.format(Locale.ROOT, "%dm %02ds", whole / 60, whole % 60);
    }
    return String.format(Locale.ROOT, "%dh %02dm", whole / 3600, whole / 60 % 60);
  }
}
