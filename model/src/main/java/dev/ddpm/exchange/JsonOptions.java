package dev.ddpm.exchange;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.regex.Matcher;

/**
 * The options of a JSON file, each of which is asked for by its name, with the value that the other
 * system takes where the file does not have it. What was never asked for can be told.
 */
final class JsonOptions {
  private static final long MAXIMUM_BYTES = 16 << 20;
  private static final int SHOWN_CHARACTERS = 60;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          // Python writes -Infinity so, and a solver's lambda_min_clipped is that.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path file;
  private final JsonNode options;
  private final Set<String> asked = new HashSet<>();

  private JsonOptions(Path file, JsonNode options) {
    this.file = file;
    this.options = options;
  }

  /**
   * Reads a file.
   *
   * @throws DdpmException (data) if it is no JSON object
   */
  static JsonOptions read(Path file) {
    try {
      if (Files.size(file) > MAXIMUM_BYTES) {
        throw DdpmException.data("%s has more bytes than any such file.", file);
      }
      JsonNode options = JSON.readTree(Files.readAllBytes(file));
      if (!options.isObject()) {
        throw DdpmException.data("%s is no JSON object.", file);
      }
      return new JsonOptions(file, options);
    } catch (JsonProcessingException | CharConversionException invalid) {
      throw DdpmException.data(invalid, "%s is not valid JSON.", file);
    } catch (IOException e) {
      throw WeightsFile.unreadable(e, file);
    }
  }

  /** A file without options. */
  static JsonOptions none(Path file) {
    return new JsonOptions(file, JSON.createObjectNode());
  }

  /** Where the options are. */
  Path file() {
    return file;
  }

  /** Whether there is a value that is not null. */
  boolean has(String name) {
    asked.add(name);
    return options.hasNonNull(name);
  }

  /** Whether there is a value, and it is null. */
  boolean isNull(String name) {
    asked.add(name);
    return options.path(name).isNull();
  }

  /** A whole number. */
  int integer(String name, int absent) {
    JsonNode value = value(name);
    if (value == null) {
      return absent;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw wrong(name, "a whole number");
    }
    return value.intValue();
  }

  /** A finite number. */
  double number(String name, double absent) {
    JsonNode value = value(name);
    if (value == null) {
      return absent;
    }
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw wrong(name, "a number");
    }
    return value.doubleValue();
  }

  /** A truth value. */
  boolean flag(String name, boolean absent) {
    JsonNode value = value(name);
    if (value == null) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw wrong(name, "true or false");
    }
    return value.booleanValue();
  }

  /** A text. */
  String text(String name, String absent) {
    JsonNode value = value(name);
    if (value == null) {
      return absent;
    }
    if (!value.isTextual()) {
      throw wrong(name, "a text");
    }
    return value.textValue();
  }

  /** Whole numbers: a list of them, or one; empty if there are none. */
  List<Integer> integers(String name) {
    JsonNode value = value(name);
    List<Integer> integers = new ArrayList<>();
    if (value != null) {
      for (JsonNode one : value.isArray() ? value : List.of(value)) {
        if (!one.isIntegralNumber() || !one.canConvertToInt()) {
          throw wrong(name, "a list of whole numbers");
        }
        integers.add(one.intValue());
      }
    }
    return integers;
  }

  /** A list of finite numbers; empty if there is none. */
  Optional<List<Double>> numbers(String name) {
    JsonNode value = value(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isArray()) {
      throw wrong(name, "a list of numbers");
    }
    List<Double> numbers = new ArrayList<>();
    for (JsonNode one : value) {
      if (!one.isNumber() || !Double.isFinite(one.doubleValue())) {
        throw wrong(name, "a list of numbers");
      }
      numbers.add(one.doubleValue());
    }
    return Optional.of(numbers);
  }

  /** A list of texts; empty if there is none. */
  Optional<List<String>> texts(String name) {
    JsonNode value = value(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isArray()) {
      throw wrong(name, "a list of texts");
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode one : value) {
      if (!one.isTextual()) {
        throw wrong(name, "a list of texts");
      }
      texts.add(one.textValue());
    }
    return Optional.of(texts);
  }

  /** The values of an object whose values are texts. */
  Set<String> valuesOf(String name) {
    Set<String> values = new TreeSet<>();
    JsonNode object = value(name);
    if (object == null || !object.isObject()) {
      throw wrong(name, "an object");
    }
    for (JsonNode one : object) {
      if (!one.isTextual()) {
        throw wrong(name, "an object of texts");
      }
      values.add(one.textValue());
    }
    return values;
  }

  /** Checks an option that must have one of some values or none, as they stand in JSON. */
  void require(String name, String... allowed) {
    JsonNode value = value(name);
    if (value != null && Arrays.stream(allowed).noneMatch(one -> is(value, one))) {
      throw DdpmException.data(
          "%s: %s = %s: only %s is known here.",
          file, name, shown(value), allowed.length == 0 ? "null" : String.join(" or ", allowed));
    }
  }

  private static boolean is(JsonNode value, String allowed) {
    if (value.isNumber()) {
      return allowed.equals(value.asText()) || allowed.equals(Double.toString(value.doubleValue()));
    }
    return allowed.equals(value.isTextual() ? value.textValue() : value.toString());
  }

  /**
   * Checks the options that were not asked for yet.
   *
   * @param known the values that an option must have, as for {@link #require}, by its name
   * @throws DdpmException (data) naming an option that has another value, or is not among them
   */
  void requireRest(Map<String, List<String>> known) {
    known.forEach(
        (name, allowed) -> {
          if (!asked.contains(name)) {
            require(name, allowed.toArray(String[]::new));
          }
        });
    List<String> unknown = unasked();
    if (!unknown.isEmpty()) {
      throw DdpmException.data(
          "%s: %s: there is no such option that is known here.", file, unknown.get(0));
    }
  }

  /**
   * Makes something of values of this file.
   *
   * @param names the options of this file, by what they are called where the values are checked
   * @throws DdpmException (data) naming the file and the option, where it cannot be made of them
   */
  <T> T made(Map<String, String> names, Supplier<T> maker) {
    try {
      return maker.get();
    } catch (DdpmException refused) {
      if (refused.category() != DdpmException.Category.USER) {
        throw refused;
      }
      String message = refused.getMessage();
      for (Map.Entry<String, String> name : names.entrySet()) {
        message =
            message.replaceAll(
                "(?<![\\w-])" + name.getKey() + "(?= (=|has) |\\.$)",
                Matcher.quoteReplacement(name.getValue()));
      }
      throw DdpmException.data(refused, "%s: %s", file, message);
    }
  }

  /** Options that have a value and were never asked for, as name = value. */
  private List<String> unasked() {
    List<String> names = new ArrayList<>();
    options
        .fields()
        .forEachRemaining(
            option -> {
              if (!asked.contains(option.getKey())
                  && !option.getKey().startsWith("_")
                  && !option.getValue().isNull()) {
                names.add(shortened(option.getKey()) + " = " + shown(option.getValue()));
              }
            });
    return names;
  }

  /** What to throw if an option has a value that is not of its form. */
  DdpmException wrong(String name, String wanted) {
    return DdpmException.data(
        "%s: %s = %s: must be %s.", file, name, shown(options.path(name)), wanted);
  }

  private JsonNode value(String name) {
    return has(name) ? options.get(name) : null;
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "(none)" : shortened(value.toString());
  }

  private static String shortened(String text) {
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
  }
}
