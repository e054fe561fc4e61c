package dev.ddpm.spark.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.JsonFault;
import java.nio.charset.StandardCharsets;

/**
 * JSON as the files beside samples have it: names in snake case. What is read has every key of its
 * record once and with a value, no other, and nothing behind its end.
 */
public final class Json {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .build();

  private Json() {}

  /** Writes a value. */
  public static String write(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** A value as an object of JSON, for a document with a version. */
  public static ObjectNode object(Object value) {
    return JSON.valueToTree(value);
  }

  /**
   * Reads a value.
   *
   * @throws DdpmException (data) naming the file, if it is not one of this type
   */
  public static <T> T read(String json, Class<T> type, String location) {
    try {
      return JSON.readValue(json, type);
    } catch (JsonProcessingException e) {
      String reason = new JsonFault(JSON, e, json.getBytes(StandardCharsets.UTF_8)).reason();
      throw DdpmException.data(e, "%s is damaged: %s.", location, reason);
    }
  }
}
