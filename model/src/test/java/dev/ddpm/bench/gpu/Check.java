package dev.ddpm.bench.gpu;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.ddpm.backend.Precision;
import java.util.Locale;

/**
 * One thing that was asked for, and what came of it.
 *
 * @param step of the run
 * @param what was compared
 * @param precision that the card computed in, in lower case
 * @param error how far it is from what it should be, as the step says
 * @param limit the largest error that passes
 * @param failure why there is no error to compare; null if there is one
 */
public record Check(
    String step, String what, String precision, double error, double limit, String failure) {

  /** Something that was computed. */
  static Check of(String step, String what, Precision precision, double error, double limit) {
    return new Check(step, what, lower(precision), error, limit, null);
  }

  /** Something that could not be computed. */
  static Check failed(String step, String what, String precision, String why) {
    return new Check(step, what, precision, Double.NaN, 0, why);
  }

  static String lower(Precision precision) {
    return precision.name().toLowerCase(Locale.ROOT);
  }

  /** Whether it is as it should be; an error that is no number is not. */
  @JsonProperty(access = JsonProperty.Access.READ_ONLY)
  public boolean passed() {
    return failure == null && error <= limit;
  }
}
