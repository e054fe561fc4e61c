package dev.ddpm.spark.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.EOFException;
import java.net.SocketException;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.DataFormatException;
import java.util.zip.ZipException;
import org.apache.hadoop.fs.ChecksumException;

/**
 * A file whose bytes are not what was written, as the libraries that read it tell: by types of
 * their own, by a word in a message, or by whatever error its content leads them into.
 */
final class Damage {
  private static final List<Class<? extends Exception>> TYPES =
      List.of(
          ChecksumException.class,
          ZipException.class,
          DataFormatException.class,
          EOFException.class,
          CharacterCodingException.class,
          JsonProcessingException.class);

  private static final Pattern WORDS =
      Pattern.compile(
          "FAILED_TO_UNCOMPRESS|CANNOT_READ_FILE_FOOTER|is not a Parquet file"
              + "|\\(Is a directory\\)|Path is not a file"
              + "|can not read (?:class|FileMetaData)|could not (?:read|decompress) page");

  /** Packages that read tables. */
  private static final Pattern READERS =
      Pattern.compile(
          "(?:shaded\\.parquet|org\\.apache\\.parquet|org\\.xerial\\.snappy|com\\.github\\.luben\\.zstd"
              + "|org\\.apache\\.spark\\.sql\\.execution\\.(?:datasources\\.parquet|vectorized))\\..*");

  /** What a remote call says whose other end has gone: no file has ended. */
  private static final String REMOTE = "End of File Exception between";

  private static final Pattern FILE = Pattern.compile("\\b[a-z][a-z0-9+.-]+:/[^\\s\"',;]+");

  /** Frames at the top of a trace in which a reader is looked for: below it come its callers. */
  private static final int NEAR = 12;

  private Damage() {}

  /**
   * What is damaged.
   *
   * @param chain an exception and its causes
   * @return a sentence that names the file, if the exceptions do; empty if nothing is known to be
   *     damaged
   */
  static Optional<String> in(List<Throwable> chain) {
    Throwable root = chain.get(chain.size() - 1);
    if (root instanceof SocketException || chain.stream().noneMatch(Damage::tells)) {
      return Optional.empty();
    }
    // What other readers say of damage is about their own insides.
    boolean telling = root instanceof ChecksumException || root instanceof ZipException;
    String reason = telling ? Failure.firstLine(root) : "its content cannot be read";
    return Optional.of(
        chain.stream()
            .flatMap(cause -> FILE.matcher(Failure.firstLine(cause)).results())
            .map(found -> found.group().replaceAll("[.:)]+$", ""))
            .findFirst()
            .map(file -> file + " is damaged: " + reason + ".")
            .orElse("The input is damaged: " + reason + "."));
  }

  private static boolean tells(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    Matcher words = WORDS.matcher(message);
    return words.find()
        || (TYPES.stream().anyMatch(type -> type.isInstance(cause)) && !message.contains(REMOTE))
        || (cause instanceof RuntimeException && cause.getCause() == null && inReader(cause));
  }

  private static boolean inReader(Throwable cause) {
    List<String> near =
        Arrays.stream(cause.getStackTrace())
            .limit(NEAR)
            .map(StackTraceElement::getClassName)
            .toList();
    return near.stream().anyMatch(name -> READERS.matcher(name).matches())
        && near.stream().noneMatch(name -> name.contains("Write"));
  }
}
