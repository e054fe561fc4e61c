package dev.ddpm.spark.dataset;

import java.util.regex.Pattern;

/** Paths for Spark's readers, which take every path for a glob. */
public final class LiteralPath {
  private static final Pattern GLOB_CHARACTERS = Pattern.compile("[\\\\{}\\[\\]*?]");

  private LiteralPath() {}

  /** A glob that matches exactly this path. */
  public static String of(String path) {
    return GLOB_CHARACTERS.matcher(path).replaceAll("\\\\$0");
  }
}
