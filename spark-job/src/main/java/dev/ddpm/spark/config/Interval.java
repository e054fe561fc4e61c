package dev.ddpm.spark.config;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A set of numbers between two bounds, each of which may be absent, included or excluded.
 *
 * @param lower the lower bound; empty = none
 * @param lowerIncluded whether the lower bound itself is allowed
 * @param upper the upper bound; empty = none
 * @param upperIncluded whether the upper bound itself is allowed
 */
public record Interval(
    Optional<BigDecimal> lower,
    boolean lowerIncluded,
    Optional<BigDecimal> upper,
    boolean upperIncluded) {

  private static final Pattern NOTATION =
      Pattern.compile("([\\[(])(-inf|[-+.eE\\d]+), (inf|[-+.eE\\d]+)([\\])])");

  /** Reads a notation such as {@code "[0, 1)"}: 0 ≤ value &lt; 1, or {@code "[1, inf)"}. */
  public static Interval parse(String notation) {
    Matcher matcher = NOTATION.matcher(notation);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not an interval: " + notation);
    }
    return new Interval(
        bound(matcher.group(2)),
        matcher.group(1).equals("["),
        bound(matcher.group(3)),
        matcher.group(4).equals("]"));
  }

  private static Optional<BigDecimal> bound(String text) {
    return text.endsWith("inf") ? Optional.empty() : Optional.of(new BigDecimal(text));
  }

  /** Whether the number is in it. */
  public boolean contains(BigDecimal value) {
    boolean aboveLower =
        lower.map(bound -> value.compareTo(bound) >= (lowerIncluded ? 0 : 1)).orElse(true);
    boolean belowUpper =
        upper.map(bound -> value.compareTo(bound) <= (upperIncluded ? 0 : -1)).orElse(true);
    return aboveLower && belowUpper;
  }

  /** In words, such as "at least 0 and below 1"; empty where every number is allowed. */
  public String describe() {
    String low = lower.map(bound -> (lowerIncluded ? "at least " : "above ") + bound).orElse("");
    String high = upper.map(bound -> (upperIncluded ? "at most " : "below ") + bound).orElse("");
    return low.isEmpty() || high.isEmpty() ? low + high : low + " and " + high;
  }
}
