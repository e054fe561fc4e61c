package dev.ddpm.spark.config;

import com.typesafe.config.ConfigUtil;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A type that a key can have.
 *
 * @param description what a value must be, such as "a whole number"
 * @param list whether a value is a list
 * @param reader reads what a configuration file or the command line gives (text, number, boolean or
 *     list of those); empty if it is not of this type
 */
record ValueType(String description, boolean list, Function<Object, Optional<Object>> reader) {

  /** Characters; to convert a number takes the square of their count. */
  private static final int LONGEST_NUMBER = 1000;

  private static final ValueType INT =
      new ValueType("a whole number", false, raw -> whole(raw, BigDecimal::intValueExact));
  private static final ValueType LONG =
      new ValueType("a whole number", false, raw -> whole(raw, BigDecimal::longValueExact));
  private static final ValueType DOUBLE =
      new ValueType(
          "a number",
          false,
          raw -> decimal(raw).map(BigDecimal::doubleValue).filter(Double::isFinite).map(d -> d));
  private static final ValueType BOOLEAN = new ValueType("true or false", false, ValueType::truth);
  private static final ValueType TEXT = new ValueType("text", false, ValueType::text);

  /** The type of a record component. */
  static ValueType of(Type type) {
    if (type == int.class || type == Integer.class) {
      return INT;
    }
    if (type == long.class) {
      return LONG;
    }
    if (type == double.class) {
      return DOUBLE;
    }
    if (type == boolean.class || type == Boolean.class) {
      return BOOLEAN;
    }
    if (type == String.class) {
      return TEXT;
    }
    if (type instanceof Class<?> candidate && candidate.isEnum()) {
      return oneOf(List.of(candidate.getEnumConstants()));
    }
    if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
      return generic.getActualTypeArguments()[0] == Boolean.class
          ? listOf(BOOLEAN, "a list of true and false such as [false, true]")
          : listOf(INT, "a list of whole numbers such as [1, 2]");
    }
    throw new IllegalArgumentException("no configuration key can be of type " + type);
  }

  Optional<Object> read(Object raw) {
    return reader.apply(raw);
  }

  /**
   * A value as it would be written in a file. Runs keep their settings in this form, and one that
   * goes on compares them: what is quoted stays quoted.
   */
  static String write(Object value) {
    if (value instanceof String text) {
      return ConfigUtil.quoteString(text);
    }
    if (value instanceof Enum<?> constant) {
      String text = Word.of(constant);
      return text.matches("[a-z-]+") ? text : ConfigUtil.quoteString(text);
    }
    if (value instanceof List<?> values) {
      return values.stream().map(ValueType::write).collect(Collectors.joining(", ", "[", "]"));
    }
    return value.toString();
  }

  private static ValueType oneOf(List<?> constants) {
    List<String> texts = constants.stream().map(constant -> Word.of((Enum<?>) constant)).toList();
    return new ValueType(
        "one of " + String.join(", ", texts),
        false,
        raw -> {
          int found = texts.indexOf(raw);
          return found < 0 ? Optional.empty() : Optional.of(constants.get(found));
        });
  }

  private static ValueType listOf(ValueType element, String description) {
    return new ValueType(
        description,
        true,
        raw -> {
          if (!(raw instanceof List<?> items)) {
            return Optional.empty();
          }
          List<Object> values = new ArrayList<>();
          for (Object item : items) {
            Optional<Object> value = element.read(item);
            if (value.isEmpty()) {
              return Optional.empty();
            }
            values.add(value.get());
          }
          return Optional.of(List.copyOf(values));
        });
  }

  private static Optional<Object> whole(Object raw, Function<BigDecimal, Object> exact) {
    try {
      return decimal(raw).map(exact);
    } catch (ArithmeticException notWholeOrTooLarge) {
      return Optional.empty();
    }
  }

  private static Optional<BigDecimal> decimal(Object raw) {
    if (!(raw instanceof Number) && !(raw instanceof String)) {
      return Optional.empty();
    }
    String text = raw.toString();
    if (text.length() > LONGEST_NUMBER) {
      return Optional.empty();
    }
    try {
      return Optional.of(new BigDecimal(text));
    } catch (NumberFormatException notANumber) {
      return Optional.empty();
    }
  }

  private static Optional<Object> truth(Object raw) {
    return Arrays.asList("true", "false").contains(String.valueOf(raw))
        ? Optional.of(Boolean.valueOf(raw.toString()))
        : Optional.empty();
  }

  private static Optional<Object> text(Object raw) {
    return raw instanceof String || raw instanceof Number
        ? Optional.of(raw.toString())
        : Optional.empty();
  }
}
