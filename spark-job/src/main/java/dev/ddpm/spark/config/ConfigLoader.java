package dev.ddpm.spark.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.Preset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Loads a configuration from a file and the command line: see the package for the precedence. */
public final class ConfigLoader {
  private static final String PRESET = "diffusion.preset";

  private final ConfigSchema schema = ConfigSchema.experiment();

  /** What was written for each key path: as parsed, and where. */
  private final Map<String, Written> written = new HashMap<>();

  private record Written(Object raw, String origin) {}

  private ConfigLoader() {}

  /**
   * Loads a configuration.
   *
   * @param file a HOCON file; empty = defaults only
   * @param assignments {@code key=value} of the command line, later ones winning
   * @throws DdpmException (user) for a file that cannot be read, an unknown key, or a value of the
   *     wrong type or out of bounds
   */
  public static LoadedConfig load(Optional<Path> file, List<String> assignments) {
    return load(file, assignments, Map.of(), Map.of());
  }

  /**
   * Loads a configuration for the use of a model, or on a cluster.
   *
   * @param file a HOCON file; empty = defaults only
   * @param assignments {@code key=value} of the command line, later ones winning
   * @param ofModel values of keys that the model has, which win over the defaults alone
   * @param ofCluster values of keys that follow from Spark's settings, likewise
   * @throws DdpmException (user) likewise
   */
  public static LoadedConfig load(
      Optional<Path> file,
      List<String> assignments,
      Map<String, String> ofModel,
      Map<String, String> ofCluster) {
    ConfigLoader loader = new ConfigLoader();
    ofCluster.forEach((path, value) -> loader.add(path, value, "Spark's settings"));
    ofModel.forEach((path, value) -> loader.add(path, value, "model"));
    file.ifPresent(loader::addFile);
    assignments.forEach(loader::addAssignment);
    return loader.bind();
  }

  private void addFile(Path file) {
    Map<String, ConfigValue> leaves = new LinkedHashMap<>();
    try {
      collectLeaves("", ConfigFile.read(file), leaves);
    } catch (StackOverflowError nested) {
      throw DdpmException.user("--config %s: sections or lists are nested too deeply.", file);
    }
    leaves.forEach((path, value) -> add(path, value.unwrapped(), describe(value.origin(), file)));
  }

  private void collectLeaves(String prefix, ConfigObject object, Map<String, ConfigValue> leaves) {
    // In the order of the names, so that the same file always gives the same message.
    new TreeMap<>(object)
        .forEach(
            (name, value) -> {
              String path = prefix + name;
              if (value instanceof ConfigObject section && schema.key(path).isEmpty()) {
                collectLeaves(path + ".", section, leaves);
              } else {
                leaves.put(path, value);
              }
            });
  }

  private static String describe(ConfigOrigin origin, Path file) {
    Path source = origin.filename() == null ? file : Path.of(origin.filename());
    Path name = source.equals(file.toAbsolutePath()) ? file : source;
    return origin.lineNumber() < 0 ? name.toString() : name + ":" + origin.lineNumber();
  }

  private void addAssignment(String assignment) {
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw DdpmException.user("--set %s: must have the form key=value.", Excerpt.of(assignment));
    }
    String path = assignment.substring(0, equals).strip();
    String text = assignment.substring(equals + 1).strip();
    boolean list = schema.key(path).map(key -> key.type().list()).orElse(false);
    add(path, list ? parseList(text) : text, "--set");
  }

  /** The list that the text is; the text itself where it is none, for the message that follows. */
  private static Object parseList(String text) {
    try {
      return ConfigFactory.parseString("value = " + text).getAnyRef("value");
    } catch (ConfigException | StackOverflowError notAValue) {
      return text;
    }
  }

  private void add(String path, Object raw, String origin) {
    if (schema.key(path).isEmpty()) {
      KeyHistory.heir(path)
          .ifPresent(
              heir -> {
                throw DdpmException.user(
                    "%s (%s): there is no such key any more; %s has taken its place.",
                    path, origin, heir);
              });
      throw DdpmException.user(
          "%s (%s): there is no such key; did you mean %s?",
          Excerpt.of(path), origin, schema.nearest(Excerpt.of(path)).path());
    }
    written.put(path, new Written(raw, origin));
  }

  private LoadedConfig bind() {
    ConfigKey presetKey = schema.key(PRESET).orElseThrow();
    Written writtenPreset = written.get(PRESET);
    Preset preset =
        (Preset)
            (writtenPreset == null
                ? presetKey.defaultValue(Preset.PAPER)
                : presetKey.read(writtenPreset.raw(), writtenPreset.origin()));
    Map<String, Object> values = new HashMap<>();
    List<Setting> settings = new ArrayList<>();
    for (ConfigKey key : schema.keys()) {
      Written explicit = written.get(key.path());
      Object value =
          explicit == null ? key.defaultValue(preset) : key.read(explicit.raw(), explicit.origin());
      String origin = explicit == null ? defaultOrigin(key, preset) : explicit.origin();
      values.put(key.path(), value);
      settings.add(new Setting(key.path(), ValueType.write(value), origin));
    }
    return new LoadedConfig(schema.bind(values), settings);
  }

  private static String defaultOrigin(ConfigKey key, Preset preset) {
    return key.dependsOnPreset() ? "preset " + ValueType.write(preset) : "default";
  }
}
