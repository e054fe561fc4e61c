package dev.ddpm.spark.stored;

import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names of the folders in which a run keeps its checkpoints, such as {@code round-000123}. */
public final class CheckpointName {
  private static final Pattern NAME = Pattern.compile("round-(\\d{6,18})");

  private CheckpointName() {}

  /** The name for a round. After round 999,999 names are longer, and no longer in order as text. */
  public static String of(long round) {
    return String.format(Locale.ROOT, "round-%06d", round);
  }

  /** The round that a folder is of; empty if it has another name. */
  public static OptionalLong round(String name) {
    Matcher matcher = NAME.matcher(name);
    return matcher.matches()
        ? OptionalLong.of(Long.parseLong(matcher.group(1)))
        : OptionalLong.empty();
  }
}
