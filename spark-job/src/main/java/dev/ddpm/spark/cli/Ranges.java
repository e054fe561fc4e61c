package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.Interval;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Compares the numbers of a command line with what {@link In} allows. */
final class Ranges {
  private Ranges() {}

  /**
   * Checks every option that was given.
   *
   * @throws DdpmException (user) naming the option, its value and what is allowed
   */
  static void check(ParseResult parsed) {
    for (OptionSpec option : parsed.matchedOptions()) {
      interval(option)
          .ifPresent(
              allowed ->
                  numbers(option.getValue())
                      .filter(number -> !isIn(allowed, number))
                      .forEach(
                          number -> {
                            throw DdpmException.user(
                                "%s = %s: must be %s.",
                                option.longestName(), number, allowed.describe());
                          }));
    }
  }

  /** What to say of a text that is no number, or too large for one; empty for other options. */
  static Optional<String> refusal(ParameterException exception) {
    return Optional.ofNullable(exception.getArgSpec())
        .filter(OptionSpec.class::isInstance)
        .map(OptionSpec.class::cast)
        .filter(option -> exception.getValue() != null)
        .flatMap(
            option ->
                interval(option)
                    .map(
                        allowed ->
                            "%s = %s: must be a number, %s"
                                .formatted(
                                    option.longestName(),
                                    exception.getValue(),
                                    allowed.describe())));
  }

  /** The interval of an option; empty for one that is no number. */
  static Optional<Interval> interval(ArgSpec option) {
    return option.userObject() instanceof Field field && field.isAnnotationPresent(In.class)
        ? Optional.of(Interval.parse(field.getAnnotation(In.class).value()))
        : Optional.empty();
  }

  private static boolean isIn(Interval allowed, Number number) {
    return Double.isFinite(number.doubleValue())
        && allowed.contains(new BigDecimal(number.toString()));
  }

  private static Stream<Number> numbers(Object value) {
    if (value instanceof Collection<?> values) {
      return values.stream().flatMap(Ranges::numbers);
    }
    if (value instanceof Optional<?> given) {
      return given.stream().flatMap(Ranges::numbers);
    }
    return value instanceof Number number ? Stream.of(number) : Stream.empty();
  }
}
