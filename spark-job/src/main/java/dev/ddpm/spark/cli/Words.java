package dev.ddpm.spark.cli;

import dev.ddpm.spark.config.Word;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.TypeConversionException;

/** Enum constants as they are written on the command line: {@code CENTER_CROP} is center-crop. */
final class Words {
  private Words() {}

  /** The words of all constants. */
  static <E extends Enum<E>> List<String> of(Class<E> type) {
    return Arrays.stream(type.getEnumConstants()).map(Words::of).toList();
  }

  /** The constant of a word, in any case. */
  static <E extends Enum<E>> E parse(Class<E> type, String word) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> of(constant).equalsIgnoreCase(word))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "'" + word + "' is not one of " + String.join(", ", of(type))));
  }

  /** The word of a constant. */
  static String of(Enum<?> constant) {
    return Word.of(constant);
  }
}
