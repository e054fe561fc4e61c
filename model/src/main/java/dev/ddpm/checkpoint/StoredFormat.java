package dev.ddpm.checkpoint;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The versions of a stored JSON document, and how each becomes the next. A document says its own
 * version under {@value #VERSION}; what this program writes has the newest. An older one is read as
 * if it had been written today: the steps from its version on are applied, one after the other. A
 * newer one is refused.
 *
 * <p>Whoever changes what is stored appends a step here and leaves the earlier ones as they are,
 * and adds a folder of the version that was to the tests' resources.
 */
public final class StoredFormat {
  /** The key of a document's version, a whole number from 1. */
  public static final String VERSION = "format_version";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final PropertyNamingStrategies.NamingBase SNAKE_CASE =
      new PropertyNamingStrategies.SnakeCaseStrategy();

  private final boolean numbered;
  private final List<Upgrade> upgrades;

  private StoredFormat(boolean numbered, List<Upgrade> upgrades) {
    this.numbered = numbered;
    this.upgrades = upgrades;
  }

  /** What turns a document of one version into one of the next. */
  @FunctionalInterface
  public interface Upgrade {
    /**
     * Changes a document in place; its number is not looked after here. What is missing in a
     * damaged document is left missing: whoever reads the result names it.
     */
    void apply(ObjectNode document);
  }

  /** A format whose documents have had a number from the first version on. */
  public static StoredFormat numbered(Upgrade... upgrades) {
    return new StoredFormat(true, List.of(upgrades));
  }

  /** A format whose first version had no number. */
  public static StoredFormat firstUnnumbered(Upgrade... upgrades) {
    return new StoredFormat(false, List.of(upgrades));
  }

  /** The version that is written. */
  public int version() {
    return upgrades.size() + 1;
  }

  /**
   * A document as this version has it.
   *
   * @param json of this or an earlier version
   * @param location of the document, for messages
   * @throws DdpmException (data) if it is no JSON object with a version, or of a newer one
   */
  public byte[] upgrade(byte[] json, String location) {
    JsonNode parsed = parse(json, location);
    int version = versionOf(parsed, location);
    if (version > version()) {
      throw DdpmException.data(
          "%s was written by a newer version of this program (format %d; this one reads up to %d):"
              + " use that version.",
          location, version, version());
    }
    if (version == version() || !(parsed instanceof ObjectNode document)) {
      return json;
    }
    upgrades.subList(version - 1, upgrades.size()).forEach(step -> step.apply(document));
    document.put(VERSION, version());
    try {
      return JSON.writeValueAsBytes(document);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a document says that it is of a newer version; false for one that cannot be read. */
  public boolean isNewer(byte[] json) {
    try {
      return JSON.readTree(json).path(VERSION).asInt() > version();
    } catch (IOException damaged) {
      return false;
    }
  }

  /** Gives a key of an object another name, in its place; nothing happens if it is not there. */
  public static void rename(ObjectNode object, String from, String to) {
    if (!object.has(from) || from.equals(to)) {
      return;
    }
    ObjectNode before = object.deepCopy();
    object.removeAll();
    before
        .fields()
        .forEachRemaining(
            field ->
                object.set(field.getKey().equals(from) ? to : field.getKey(), field.getValue()));
  }

  /** Gives the keys of an object that are in camel case the same names in snake case. */
  public static void nameInSnakeCase(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      rename(object, name, SNAKE_CASE.translate(name));
    }
  }

  private static JsonNode parse(byte[] json, String location) {
    try {
      return JSON.readTree(json);
    } catch (JacksonException e) {
      throw DdpmException.data(e, "%s is not valid JSON: %s", location, e.getOriginalMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int versionOf(JsonNode document, String location) {
    JsonNode version = document.path(VERSION);
    if (!numbered && document.isObject() && version.isMissingNode()) {
      return 1;
    }
    if (!version.isInt() || version.intValue() < 1) {
      throw DdpmException.data("%s cannot be used: it has no number %s.", location, VERSION);
    }
    return version.intValue();
  }
}
