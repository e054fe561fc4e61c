package dev.ddpm.spark.config;

import java.util.Locale;

/** A constant of an enum as configurations, options and tables write it. */
public final class Word {
  private Word() {}

  /** The word: {@code CENTER_CROP} is center-crop, unless the constant names itself otherwise. */
  public static String of(Enum<?> constant) {
    return constant.toString().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
