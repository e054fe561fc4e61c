package dev.ddpm;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.Locale;

/**
 * A failure with a cause that a person can act on. The message is one full sentence that names the
 * thing, its value and what is allowed; the category decides the exit code of the command line.
 */
public final class DdpmException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Who can repair a failure; each category has its own process exit code. */
  public enum Category {
    /** A defect of this program. */
    INTERNAL(1),
    /** A wrong option, configuration key or combination of them. */
    USER(2),
    /** Input that is missing, damaged or of the wrong form. */
    DATA(3),
    /** Too little memory, a full disk, an unreachable file system, a missing native library. */
    ENVIRONMENT(4);

    private final int exitCode;

    Category(int exitCode) {
      this.exitCode = exitCode;
    }

    /** The exit code of a process that ends with this kind of failure, 1 to 4. */
    public int exitCode() {
      return exitCode;
    }
  }

  private final Category category;

  private DdpmException(Category category, String message, Throwable cause) {
    super(message, cause);
    this.category = category;
  }

  /** A wrong option or configuration: {@code format} is a {@link String#format} pattern. */
  @FormatMethod
  public static DdpmException user(@FormatString String format, Object... arguments) {
    return new DdpmException(Category.USER, String.format(format, arguments), null);
  }

  /** Input that is missing, damaged or of the wrong form. */
  @FormatMethod
  public static DdpmException data(@FormatString String format, Object... arguments) {
    return new DdpmException(Category.DATA, String.format(format, arguments), null);
  }

  /** Input that could not be read, with the exception that says so. */
  @FormatMethod
  public static DdpmException data(
      Throwable cause, @FormatString String format, Object... arguments) {
    return new DdpmException(Category.DATA, String.format(format, arguments), cause);
  }

  /** A machine or cluster that cannot do what is asked. */
  @FormatMethod
  public static DdpmException environment(@FormatString String format, Object... arguments) {
    return new DdpmException(Category.ENVIRONMENT, String.format(format, arguments), null);
  }

  /** A machine or cluster that cannot do what is asked, with the exception that says so. */
  @FormatMethod
  public static DdpmException environment(
      Throwable cause, @FormatString String format, Object... arguments) {
    return new DdpmException(Category.ENVIRONMENT, String.format(format, arguments), cause);
  }

  /** Who can repair this failure. */
  public Category category() {
    return category;
  }

  /** With the category: where a failure travels as text, as in a task's trace, nothing is lost. */
  @Override
  @SuppressWarnings(
      "OverrideThrowableToString") // the message is for people, who have no need of it
  public String toString() {
    return "%s (%s): %s"
        .formatted(
            DdpmException.class.getName(), category.name().toLowerCase(Locale.ROOT), getMessage());
  }
}
