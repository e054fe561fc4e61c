package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** All keys, read off the records of {@link ExperimentConfig}, and how values become those. */
final class ConfigSchema {
  private static final ConfigSchema EXPERIMENT = new ConfigSchema();

  private final List<ConfigKey> keys;

  private ConfigSchema() {
    List<ConfigKey> found = new ArrayList<>();
    for (RecordComponent section : ExperimentConfig.class.getRecordComponents()) {
      for (RecordComponent component : section.getType().getRecordComponents()) {
        found.add(ConfigKey.of(section.getName(), component));
      }
    }
    keys = List.copyOf(found);
  }

  static ConfigSchema experiment() {
    return EXPERIMENT;
  }

  /** Every key, in the order of declaration. */
  List<ConfigKey> keys() {
    return keys;
  }

  Optional<ConfigKey> key(String path) {
    return keys.stream().filter(key -> key.path().equals(path)).findFirst();
  }

  /**
   * The known key that was most likely meant: a misspelt path, or a right name in the wrong
   * section.
   */
  ConfigKey nearest(String path) {
    String name = path.substring(path.lastIndexOf('.') + 1);
    Comparator<ConfigKey> byDistance =
        Comparator.comparingInt(
            key ->
                Math.min(
                    EditDistance.between(path, key.path()),
                    EditDistance.between(name, key.name()) + 1));
    return keys.stream().min(byDistance).orElseThrow();
  }

  /** Builds the records from one value per key path. */
  ExperimentConfig bind(Map<String, Object> values) {
    return construct(
        ExperimentConfig.class,
        section ->
            construct(
                section.getType().asSubclass(Record.class),
                component ->
                    values.get(section.getName() + "." + ConfigKey.kebab(component.getName()))));
  }

  private static <R extends Record> R construct(
      Class<R> type, Function<RecordComponent, Object> value) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    Object[] values = Arrays.stream(components).map(value).toArray();
    try {
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException refused) {
      if (refused.getCause() instanceof DdpmException cause) {
        throw cause;
      }
      throw new IllegalStateException("cannot construct " + type, refused);
    } catch (ReflectiveOperationException impossible) {
      throw new IllegalStateException("cannot construct " + type, impossible);
    }
  }
}
