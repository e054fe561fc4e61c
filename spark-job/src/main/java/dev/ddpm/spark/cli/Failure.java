package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.DdpmException.Category;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.AnalysisException;

/**
 * What to tell the user about whatever was thrown, on the driver or in a task.
 *
 * @param category who can repair it
 * @param message one sentence
 */
record Failure(Category category, String message) {

  /** A {@link DdpmException} in text: Spark puts the trace of a failed task into its message. */
  private static final Pattern IN_TEXT =
      Pattern.compile(Pattern.quote(DdpmException.class.getName()) + " \\((\\w+)\\): (.*)");

  /**
   * Finds the sentence that was written for the user, however deep Spark has wrapped it: in the
   * chain of causes, or, where an executor's exception came back as text only, in a message. Where
   * there is none, the causes tell what the machine lacks or which file is damaged. They also
   * correct the category of a sentence: whoever catches an {@link IOException} does not know
   * whether a disk is full or a file is damaged.
   */
  static Failure of(Throwable thrown) {
    List<Throwable> chain = chain(thrown);
    Optional<Failure> told =
        chain.stream()
            .filter(DdpmException.class::isInstance)
            .findFirst()
            .map(DdpmException.class::cast)
            .map(own -> new Failure(own.category(), own.getMessage()))
            .or(() -> inText(chain));
    Optional<Failure> lack =
        Shortage.in(chain).map(sentence -> new Failure(Category.ENVIRONMENT, sentence));
    if (lack.isPresent()) {
      return told.filter(own -> own.category() == Category.ENVIRONMENT).or(() -> lack).get();
    }
    Optional<Failure> damage =
        Damage.in(chain).map(sentence -> new Failure(Category.DATA, sentence));
    if (damage.isPresent()) {
      return told.map(
              own ->
                  own.category() == Category.ENVIRONMENT
                      ? new Failure(Category.DATA, own.message())
                      : own)
          .or(() -> damage)
          .get();
    }
    return told.orElseGet(() -> unforeseen(chain.get(chain.size() - 1)));
  }

  /** What was thrown and its causes, the innermost last. */
  private static List<Throwable> chain(Throwable thrown) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Throwable> chain = new ArrayList<>();
    for (Throwable cause = thrown; cause != null && seen.add(cause); cause = cause.getCause()) {
      chain.add(cause);
    }
    return chain;
  }

  private static Optional<Failure> inText(List<Throwable> chain) {
    return chain.stream()
        .map(cause -> IN_TEXT.matcher(String.valueOf(cause.getMessage())))
        .filter(Matcher::find)
        .findFirst()
        .map(
            found ->
                new Failure(
                    Category.valueOf(found.group(1).toUpperCase(Locale.ROOT)),
                    found.group(2).strip()));
  }

  private static Failure unforeseen(Throwable root) {
    String description = describe(root);
    if (root instanceof AnalysisException || isMissing(root)) {
      return new Failure(Category.DATA, description);
    }
    if (root instanceof IOException || root instanceof LinkageError) {
      return new Failure(Category.ENVIRONMENT, description);
    }
    return new Failure(
        Category.INTERNAL, description + " (unforeseen; --verbose shows where it was thrown)");
  }

  /** Java calls a file that it may not open not found, too. */
  private static boolean isMissing(Throwable root) {
    return root instanceof FileNotFoundException
        && !String.valueOf(root.getMessage()).contains("(Permission denied)");
  }

  /** The kind of an exception and the first line of its message. */
  static String describe(Throwable thrown) {
    String firstLine = firstLine(thrown);
    String name = thrown.getClass().getSimpleName();
    return firstLine.isEmpty() ? name : name + ": " + firstLine;
  }

  /** The first line of a message; empty without one. */
  static String firstLine(Throwable thrown) {
    String message = thrown.getMessage();
    return message == null ? "" : message.lines().findFirst().orElse("").strip();
  }
}
