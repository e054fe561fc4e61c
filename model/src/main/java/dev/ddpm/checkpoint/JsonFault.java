package dev.ddpm.checkpoint;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Why a JSON text is not the record that it should be, for people who have only the text. */
public final class JsonFault {
  /** Longer values would hide the message. */
  private static final int SHOWN_CHARACTERS = 60;

  private final JsonMapper mapper;
  private final JsonProcessingException fault;
  private final byte[] json;

  /**
   * What a mapper has thrown.
   *
   * @param mapper that read the text
   * @param fault what it threw
   * @param json the text
   */
  public JsonFault(JsonMapper mapper, JsonProcessingException fault, byte[] json) {
    this.mapper = mapper;
    this.fault = fault;
    this.json = json.clone();
  }

  /**
   * The key, its value and what is allowed, such as {@code model.prediction = "delta": must be one
   * of epsilon, x0, v}.
   */
  public String reason() {
    if (fault.getCause() instanceof DdpmException wrong) {
      return wrong.getMessage();
    }
    if (fault instanceof JsonMappingException mapping && !isTrailing(fault)) {
      return reason(mapping);
    }
    return syntax(fault);
  }

  /**
   * Whether the text has a word where this program knows some words, and not this one: then a newer
   * version wrote it, unless it is damaged.
   */
  public boolean isUnknownWord() {
    return fault instanceof InvalidTypeIdException unknown
        ? unknown.getTypeId() != null
        : fault instanceof MismatchedInputException mismatch
            && mismatch.getTargetType() != null
            && mismatch.getTargetType().isEnum()
            && value(mismatch).isTextual();
  }

  /** What is wrong with a text that is no JSON, and where. */
  static String syntax(JsonProcessingException fault) {
    JsonLocation at = fault.getLocation();
    String place =
        at == null ? "" : " at line %d, column %d".formatted(at.getLineNr(), at.getColumnNr());
    if (fault instanceof JsonEOFException) {
      return "it ends too early" + place;
    }
    String message = fault.getOriginalMessage();
    if (isTrailing(fault)) {
      return "something follows after its end" + place;
    }
    return (fault instanceof JsonParseException && message.startsWith("Duplicate field")
            ? message
            : "it cannot be read")
        + place;
  }

  private static boolean isTrailing(JsonProcessingException fault) {
    return fault.getOriginalMessage().startsWith("Trailing token");
  }

  private String reason(JsonMappingException mapping) {
    String key = key(mapping);
    if (mapping instanceof UnrecognizedPropertyException) {
      return key + ": there is no such key";
    }
    if (mapping instanceof InvalidTypeIdException unknown) {
      String kind = key.isEmpty() ? "kind" : key + ".kind";
      return unknown.getTypeId() == null
          ? kind + " is missing"
          : "%s = \"%s\": must be one of %s"
              .formatted(kind, shortened(unknown.getTypeId()), kinds(unknown.getBaseType()));
    }
    JsonNode value = value(mapping);
    if (value.isMissingNode()) {
      return key.isEmpty() ? "it is empty" : key + " is missing";
    }
    Class<?> wanted = wantedType(mapping);
    if (wanted != null) {
      return "%s%s: must be %s"
          .formatted(
              key.isEmpty() ? "it is " : key + " = ", shortened(value.toString()), allowed(wanted));
    }
    return (key.isEmpty() ? "it" : key) + " cannot be used";
  }

  /** What should have been there, or null; numbers out of range are told by a cause. */
  private static Class<?> wantedType(JsonMappingException mapping) {
    if (mapping instanceof MismatchedInputException mismatch) {
      return mismatch.getTargetType();
    }
    return mapping.getCause() instanceof InputCoercionException range
        ? range.getTargetType()
        : null;
  }

  private static String key(JsonMappingException mapping) {
    return mapping.getPath().stream()
        .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
        .collect(Collectors.joining("."));
  }

  private JsonNode value(JsonMappingException mapping) {
    try {
      JsonNode value = mapper.readTree(json);
      for (JsonMappingException.Reference step : mapping.getPath()) {
        value =
            step.getFieldName() == null
                ? value.path(step.getIndex())
                : value.path(step.getFieldName());
      }
      return value;
    } catch (IOException unreadable) {
      return mapper.missingNode();
    }
  }

  /** As much of a value as a message has room for. */
  static String shortened(String text) {
    return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
  }

  private static String allowed(Class<?> type) {
    if (type.isEnum()) {
      return "one of " + words(type);
    }
    if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
      return "a whole number that is not too large";
    }
    if (type == double.class || type == Double.class) {
      return "a number";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type == String.class) {
      return "text";
    }
    return Collection.class.isAssignableFrom(type) ? "a list" : "an object";
  }

  private static String words(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(word -> ((Enum<?>) word).name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
  }

  private String kinds(JavaType base) {
    var config = mapper.getDeserializationConfig();
    List<NamedType> kinds =
        List.copyOf(
            mapper
                .getSubtypeResolver()
                .collectAndResolveSubtypesByTypeId(
                    config, config.introspectClassAnnotations(base).getClassInfo()));
    return kinds.stream()
        .filter(NamedType::hasName)
        .map(NamedType::getName)
        .collect(Collectors.joining(", "));
  }
}
