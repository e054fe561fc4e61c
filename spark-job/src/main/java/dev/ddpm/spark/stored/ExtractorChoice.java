package dev.ddpm.spark.stored;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.PixelsSpec;
import dev.ddpm.spark.config.Word;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * The feature extractors, by the words of options and keys that name one: {@code WORD} or {@code
 * WORD:ARGUMENT}.
 */
public enum ExtractorChoice {
  /** Patches of the pixels on several scales; needs no weights. */
  PIXELS("pixels") {
    @Override
    ExtractorSpec create(String option, String argument, Configuration configuration) {
      if (!argument.isEmpty()) {
        throw DdpmException.user(
            "%s = pixels:%s: nothing follows the word pixels.", option, argument);
      }
      return new PixelsSpec();
    }
  };

  private final String form;

  ExtractorChoice(String form) {
    this.form = form;
  }

  /**
   * Opens an extractor.
   *
   * @param option the option or key that names it, for messages
   * @param argument what stands behind the colon; empty without one
   * @throws DdpmException (user, data) if there is no such extractor
   */
  abstract ExtractorSpec create(String option, String argument, Configuration configuration);

  /** How extractors are named. */
  public static List<String> forms() {
    return Arrays.stream(values()).map(choice -> choice.form).toList();
  }

  /**
   * Opens the extractor that an option or key names.
   *
   * @param option the option or key, for messages
   * @param value its value
   * @throws DdpmException (user) if it has none of the {@link #forms}; (user, data) if what it
   *     names cannot be used
   */
  public static ExtractorSpec parse(String option, String value, Configuration configuration) {
    int colon = value.indexOf(':');
    String word = colon < 0 ? value : value.substring(0, colon);
    String argument = colon < 0 ? "" : value.substring(colon + 1);
    return Arrays.stream(values())
        .filter(choice -> Word.of(choice).equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                DdpmException.user(
                    "%s = %s: must be %s.", option, value, String.join(" or ", forms())))
        .create(option, argument, configuration);
  }
}
