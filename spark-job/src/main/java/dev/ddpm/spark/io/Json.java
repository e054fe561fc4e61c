package dev.ddpm.spark.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;

/** JSON as the files beside samples have it: names in snake case. */
public final class Json {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
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

  /**
   * Reads a value.
   *
   * @throws DdpmException (data) naming the file, if it is not one of this type
   */
  public static <T> T read(String json, Class<T> type, String location) {
    try {
      return JSON.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw damaged(e, location);
    }
  }

  private static DdpmException damaged(JsonProcessingException e, String location) {
    return DdpmException.data(e, "%s is damaged: %s.", location, e.getOriginalMessage());
  }
}
