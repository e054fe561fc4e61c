package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Precision;
import java.util.function.DoubleSupplier;

/** Tries one thing after the other: what fails is written down with its causes, and no end. */
final class Attempts {
  private final String step;
  private final Results results;

  Attempts(String step, Results results) {
    this.step = step;
    this.results = results;
  }

  /** Computes an error and compares it with what a precision allows of the largest value. */
  void relative(String what, Precision precision, DoubleSupplier error) {
    check(what, precision, Limits.of(precision), error);
  }

  /** Computes an error and compares it with a limit. */
  void check(String what, Precision precision, double limit, DoubleSupplier error) {
    Check check;
    try {
      check = Check.of(step, what, precision, error.getAsDouble(), limit);
    } catch (RuntimeException | LinkageError e) {
      e.printStackTrace();
      check = Check.failed(step, what, Check.lower(precision), causes(e));
    }
    results.checks().add(check);
  }

  /** An exception's class and message, and those of its causes, in one line. */
  static String causes(Throwable thrown) {
    StringBuilder line = new StringBuilder();
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      line.append(line.isEmpty() ? "" : ", because of ").append(cause);
    }
    return line.toString().replace('\n', ' ');
  }
}
