package dev.ddpm.exchange;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.image.ClassLabels;
import java.util.Map;
import java.util.Optional;

/**
 * The classes of a model in the metadata of its exported weights: other systems read over them, and
 * a model that comes back has its names again, and knows images of no class.
 */
public final class ExportedClasses {
  private static final String KEY = "ddpm.classes";
  private static final JsonMapper JSON = new JsonMapper();

  private ExportedClasses() {}

  /** What a file says of them; nothing if the number of rows says it all. */
  static Map<String, String> metadata(ModelDescription model) {
    if (model.classes().equals(ClassLabels.numbered(model.classes().rows()))) {
      return Map.of();
    }
    try {
      return Map.of(KEY, JSON.writeValueAsString(model.classes()));
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /**
   * A model with the classes that its file tells.
   *
   * @param model whose classes are numbers
   * @param file for messages
   * @throws DdpmException (data) if they are none, or not as many as the network knows
   */
  public static ModelDescription restored(
      ModelDescription model, String file, Map<String, String> metadata) {
    Optional<String> told = Optional.ofNullable(metadata.get(KEY));
    if (told.isEmpty()) {
      return model;
    }
    ClassLabels classes;
    try {
      classes = JSON.readValue(told.get(), ClassLabels.class);
    } catch (JsonProcessingException | IllegalArgumentException damaged) {
      throw DdpmException.data(damaged, "%s: its metadata %s names no classes.", file, KEY);
    }
    if (classes.rows() != model.architecture().classes()) {
      throw DdpmException.data(
          "%s: its metadata %s names classes of %d rows, but the network has %d.",
          file, KEY, classes.rows(), model.architecture().classes());
    }
    return model.withClasses(classes);
  }
}
