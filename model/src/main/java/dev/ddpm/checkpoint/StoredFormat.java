package dev.ddpm.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * The versions of a stored JSON document, and how each becomes the next. A document says its own
 * version under {@value #VERSION}; what this program writes has the newest, or an older one if that
 * can say it, for older programs to read. An older one is read as if it had been written today: the
 * steps from its version on are applied, one after the other. A newer one is refused. From some
 * version on a document may carry a {@link SelfDigest}, which is checked before anything is parsed
 * from it.
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

  /** The first version whose documents carry a digest; beyond all for none. */
  private final int digestSince;

  private StoredFormat(boolean numbered, List<Upgrade> upgrades, int digestSince) {
    this.numbered = numbered;
    this.upgrades = upgrades;
    this.digestSince = digestSince;
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
    return new StoredFormat(true, List.of(upgrades), Integer.MAX_VALUE);
  }

  /** A format whose first version had no number. */
  public static StoredFormat firstUnnumbered(Upgrade... upgrades) {
    return new StoredFormat(false, List.of(upgrades), Integer.MAX_VALUE);
  }

  /**
   * The same format, whose documents carry a {@link SelfDigest} from a version on. In one of an
   * earlier version a digest is refused: a number that was damaged must not switch it off.
   */
  public StoredFormat withDigestSince(int version) {
    return new StoredFormat(numbered, upgrades, version);
  }

  /** The newest version. */
  public int version() {
    return upgrades.size() + 1;
  }

  /**
   * The text of a new document: its version, what it says, and a digest if this version has one.
   *
   * @param content the keys and values; a version among them is replaced
   */
  public byte[] write(ObjectNode content) {
    return write(content, version());
  }

  /**
   * The same of a version.
   *
   * @param content as that version has it
   * @param version at most the newest
   */
  byte[] write(ObjectNode content, int version) {
    ObjectNode document = content.objectNode();
    document.put(VERSION, version);
    content
        .fields()
        .forEachRemaining(field -> document.putIfAbsent(field.getKey(), field.getValue()));
    byte[] text = SelfDigest.text(document);
    return version < digestSince ? text : SelfDigest.addTo(text);
  }

  /**
   * A document as this version has it, without a digest.
   *
   * @param stored of this or an earlier version
   * @param location of the document, for messages
   * @throws DdpmException (data) if it is no JSON object with a version, of a newer one, or has
   *     another digest than its own
   */
  public byte[] upgrade(byte[] stored, String location) {
    boolean hasDigest = hasDigest(stored);
    byte[] json = hasDigest ? SelfDigest.removeFrom(stored, location) : stored;
    JsonNode parsed = parse(json, location);
    if (isNewer(parsed)) {
      throw DdpmException.data(
          "%s was written by a newer version of this program (format %s; this one reads up to %d):"
              + " use that version.",
          location, parsed.path(VERSION), version());
    }
    int version = versionOf(parsed, location);
    boolean due = version >= digestSince;
    if (hasDigest != due || (!due && carriesKey(parsed))) {
      throw DdpmException.data(
          "%s is damaged: a document of format %d %s.",
          location,
          version,
          due ? "ends with its digest, and this one does not" : "has no digest, and this one has");
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

  /** Whether a document says that it is of a newer version; false for one that is damaged. */
  public boolean isNewer(byte[] stored) {
    try {
      byte[] json = hasDigest(stored) ? SelfDigest.removeFrom(stored, "") : stored;
      return isNewer(JSON.readTree(json));
    } catch (IOException | DdpmException damaged) {
      return false;
    }
  }

  private boolean isNewer(JsonNode document) {
    JsonNode version = document.path(VERSION);
    return version.isIntegralNumber()
        && version.bigIntegerValue().compareTo(BigInteger.valueOf(version())) > 0;
  }

  /** Whether a document says that it is of an earlier version; false for one that is damaged. */
  public boolean isOlder(byte[] stored) {
    try {
      return JSON.readTree(stored).path(VERSION).asInt(version()) < version();
    } catch (IOException damaged) {
      return false;
    }
  }

  /** A format that never has had digests knows nothing of them. */
  private boolean hasDigest(byte[] stored) {
    return digestSince < Integer.MAX_VALUE && SelfDigest.isOn(stored);
  }

  private boolean carriesKey(JsonNode document) {
    return digestSince < Integer.MAX_VALUE && document.has(SelfDigest.KEY);
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
    } catch (JsonProcessingException e) {
      throw DdpmException.data(e, "%s is not valid JSON: %s.", location, JsonFault.syntax(e));
    } catch (IOException e) {
      throw DdpmException.data(e, "%s is not valid JSON: it is not UTF-8.", location);
    }
  }

  private int versionOf(JsonNode document, String location) {
    JsonNode version = document.path(VERSION);
    if (!numbered && document.isObject() && version.isMissingNode()) {
      return 1;
    }
    if (version.isMissingNode()) {
      throw DdpmException.data("%s cannot be used: it has no number %s.", location, VERSION);
    }
    if (!version.isInt() || version.intValue() < 1) {
      throw DdpmException.data(
          "%s cannot be used: %s = %s: must be a whole number, at least 1.",
          location, VERSION, version);
    }
    return version.intValue();
  }
}
