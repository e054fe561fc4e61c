package dev.ddpm.spark.dataset;

import dev.ddpm.DdpmException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What happens to images that cannot be used.
 *
 * @param maxBad how many may be left out: a number such as {@code 20} or a share of all images such
 *     as {@code 1%}; {@code 0} fails on the first
 */
public record BadImagePolicy(String maxBad) {
  private static final Pattern LIMIT = Pattern.compile("(\\d{1,9})|(\\d{1,3}(?:\\.\\d{1,9})?)%");

  /** None may be bad. */
  public static final BadImagePolicy FAIL = new BadImagePolicy("0");

  /**
   * Checks the form.
   *
   * @throws DdpmException (user) if it is neither a number nor a share up to 100 %
   */
  public BadImagePolicy {
    Matcher matcher = LIMIT.matcher(maxBad);
    if (!matcher.matches()
        || (matcher.group(2) != null && Double.parseDouble(matcher.group(2)) > 100)) {
      throw DdpmException.user(
          "max-bad = %s: must be a number of images such as 20, or a share of them such as 1%%.",
          maxBad);
    }
  }

  /** How many of so many images may be bad. */
  public long allowed(long images) {
    return maxBad.endsWith("%")
        ? (long) (images * Double.parseDouble(maxBad.substring(0, maxBad.length() - 1)) / 100)
        : Long.parseLong(maxBad);
  }
}
