package dev.ddpm.spark.config;

/** What was written, for a message, cut off where it is longer than anything that makes sense. */
public final class Excerpt {
  private static final int LONGEST = 200;

  private Excerpt() {}

  /** The beginning of a value's text. */
  public static String of(Object written) {
    String text = String.valueOf(written);
    return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
  }
}
