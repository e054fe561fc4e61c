package dev.ddpm.spark.stored;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.spark.config.EditDistance;
import dev.ddpm.spark.config.Excerpt;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The classes of a model by what users write: a name, in any case if only one class is called so,
 * or else a number. {@code #3} is the number 3, whatever the classes are called.
 *
 * @param labels of the model, at least one
 */
record ClassNames(ClassLabels labels) {
  private static final int LIKELY = 3;
  private static final String NUMBER = "#";

  /**
   * The number of a class.
   *
   * @param key the option or key in which it is written, for the message
   * @param value the value of that as a whole
   * @param written name or number
   * @throws DdpmException (user) if there is no such class, naming those that are most like it
   */
  int find(String key, String value, String written) {
    Optional<Integer> numbered = numbered(written);
    if (numbered.isPresent()) {
      return numbered.get();
    }
    int exact = labels.names().indexOf(written);
    if (exact >= 0) {
      return exact;
    }
    List<Integer> alike =
        IntStream.range(0, labels.count())
            .filter(number -> labels.names().get(number).equalsIgnoreCase(written))
            .boxed()
            .toList();
    if (alike.size() == 1) {
      return alike.get(0);
    }
    Optional<Integer> number = numbered(NUMBER + written);
    if (number.isPresent()) {
      return number.get();
    }
    throw DdpmException.user(
        "%s = %s: there is no class '%s'; most like it: %s. The model knows %,d, numbered from 0"
            + " on: %s.",
        key,
        Excerpt.of(value),
        Excerpt.of(written),
        nearest(written),
        labels.count(),
        DrawnClasses.names(labels));
  }

  private Optional<Integer> numbered(String written) {
    return Optional.of(written)
        .filter(text -> text.matches(NUMBER + "[0-9]{1,7}"))
        .map(text -> Integer.parseInt(text.substring(NUMBER.length())))
        .filter(number -> number < labels.count());
  }

  private String nearest(String written) {
    String lower = written.toLowerCase(Locale.ROOT);
    return labels.names().stream()
        .sorted(
            Comparator.comparingInt(
                name -> EditDistance.between(lower, name.toLowerCase(Locale.ROOT))))
        .limit(LIKELY)
        .collect(Collectors.joining(", "));
  }

  /**
   * What stands for a class in a list: its name if that leads to it, else its number, with a sign
   * before it if another class is called so.
   */
  String written(int number) {
    String name = labels.names().get(number);
    boolean plain =
        !name.isEmpty()
            && name.equals(name.strip())
            && !name.contains(",")
            && !name.contains("=")
            && !name.equals("all")
            && !name.equals("uniform")
            && numbered(name).isEmpty()
            && labels.names().indexOf(name) == number;
    String digits = Integer.toString(number);
    return plain ? name : labels.names().contains(digits) ? NUMBER + digits : digits;
  }
}
