package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.DdpmException.Category;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.AnalysisException;

/**
 * What to tell the user about an exception.
 *
 * @param category who can repair it
 * @param message one sentence
 */
record Failure(Category category, String message) {

  /** A {@link DdpmException} in text: Spark puts the trace of a failed task into its message. */
  private static final Pattern IN_TEXT =
      Pattern.compile(Pattern.quote(DdpmException.class.getName()) + ": (.*)");

  /**
   * Finds the sentence that was written for the user, however deep Spark has wrapped it: in the
   * chain of causes, or, where an executor's exception came back as text only, in a message.
   */
  static Failure of(Throwable thrown) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Throwable root = thrown;
    Optional<Failure> inText = Optional.empty();
    for (Throwable cause = thrown; cause != null && seen.add(cause); cause = cause.getCause()) {
      if (cause instanceof DdpmException own) {
        return new Failure(own.category(), own.getMessage());
      }
      if (inText.isEmpty()) {
        inText = parse(cause.getMessage());
      }
      root = cause;
    }
    Throwable innermost = root;
    return inText.orElseGet(() -> unforeseen(innermost));
  }

  /** The category is lost in text; options are checked before any task, so it is taken for data. */
  private static Optional<Failure> parse(String message) {
    Matcher matcher = IN_TEXT.matcher(message == null ? "" : message);
    return matcher.find()
        ? Optional.of(new Failure(Category.DATA, matcher.group(1).strip()))
        : Optional.empty();
  }

  private static Failure unforeseen(Throwable root) {
    String name = root.getClass().getSimpleName();
    String firstLine = String.valueOf(root.getMessage()).lines().findFirst().orElse("");
    String description = name + ": " + firstLine;
    if (root instanceof AnalysisException || root instanceof FileNotFoundException) {
      return new Failure(Category.DATA, description);
    }
    if (root instanceof IOException
        || root instanceof OutOfMemoryError
        || root instanceof LinkageError) {
      return new Failure(Category.ENVIRONMENT, description);
    }
    return new Failure(
        Category.INTERNAL, description + " (unforeseen; --verbose shows where it was thrown)");
  }
}
