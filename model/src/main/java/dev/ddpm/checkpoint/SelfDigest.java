package dev.ddpm.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A digest that a JSON document carries over itself, as the last key of its outermost object:
 *
 * <pre>
 * {
 *   "format_version" : 3,
 *   "digest" : "sha256:…"
 * }
 * </pre>
 *
 * <p>It is the SHA-256 of the text without that line and the comma before it, to the byte: whatever
 * has become of a stored document, other spaces or the same number written otherwise included, is
 * noticed before anything is parsed from it.
 */
public final class SelfDigest {
  /** The key of the digest. */
  static final String KEY = "digest";

  private static final String END = "\n}\n";
  private static final String BEFORE = ",\n  \"" + KEY + "\" : \"sha256:";
  private static final String AFTER = "\"" + END;
  private static final int HEX_DIGITS = 64;
  private static final int ADDED = BEFORE.length() + HEX_DIGITS + AFTER.length();

  private static final JsonMapper JSON = new JsonMapper();

  /** The same line ends on every platform. */
  private static final DefaultPrettyPrinter PRINTER =
      new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));

  private SelfDigest() {}

  /**
   * The text of a document without a digest.
   *
   * @param document with at least one key
   */
  static byte[] text(ObjectNode document) {
    try {
      return (JSON.writer(PRINTER).writeValueAsString(document) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A text with its digest.
   *
   * @param text of an object with at least one key, that ends with its closing brace on a line of
   *     its own
   */
  public static byte[] addTo(byte[] text) {
    if (!endsWith(text, END)) {
      throw new IllegalArgumentException("a text that does not end with a brace on its own line");
    }
    String body = new String(text, 0, text.length - END.length(), StandardCharsets.UTF_8);
    return (body + BEFORE + sha256(text) + AFTER).getBytes(StandardCharsets.UTF_8);
  }

  /** Whether a text ends with a digest, right or wrong. */
  static boolean isOn(byte[] text) {
    return endsWith(text, AFTER)
        && text.length > ADDED
        && string(text, text.length - ADDED, BEFORE.length()).equals(BEFORE);
  }

  /**
   * The text without its digest, once that has proved right.
   *
   * @param text for which {@link #isOn} is true
   * @param location of the document, for the message
   * @throws DdpmException (data) if the digest is not that of the text
   */
  static byte[] removeFrom(byte[] text, String location) {
    int body = text.length - ADDED;
    byte[] without = Arrays.copyOf(text, body + END.length());
    System.arraycopy(END.getBytes(StandardCharsets.US_ASCII), 0, without, body, END.length());
    String listed = string(text, body + BEFORE.length(), HEX_DIGITS);
    String actual = sha256(without);
    if (!actual.equals(listed)) {
      throw DdpmException.data(
          "%s is damaged: it has the SHA-256 %s, but was written with %s.",
          location, actual, listed);
    }
    return without;
  }

  private static boolean endsWith(byte[] text, String end) {
    return text.length > end.length()
        && string(text, text.length - end.length(), end.length()).equals(end);
  }

  /** Byte by byte: what is no ASCII is equal to nothing here. */
  private static String string(byte[] text, int offset, int length) {
    return new String(text, offset, length, StandardCharsets.ISO_8859_1);
  }

  private static String sha256(byte[] text) {
    MessageDigest digest = Checksum.digest();
    return HexFormat.of().formatHex(digest.digest(text));
  }
}
