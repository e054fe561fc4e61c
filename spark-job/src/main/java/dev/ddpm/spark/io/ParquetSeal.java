package dev.ddpm.spark.io;

import dev.ddpm.checkpoint.Checksum;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;

/**
 * The SHA-256 that a Parquet file carries of itself, in the metadata of its footer under {@value
 * #KEY}: of all its bytes, with zeros in the place of the digest's 64 hexadecimal digits. So the
 * rename that gives a file its name also publishes its checksum, and a file is checked as a whole
 * before any of it is parsed.
 */
public final class ParquetSeal {
  static final String KEY = "ddpm.digest";
  private static final String PREFIX = "sha256:";
  private static final int DIGITS = 64;

  /** What stands in the footer until the digest is known. */
  static final String BLANK = PREFIX + "0".repeat(DIGITS);

  /**
   * What stands before the digits. Between key and value the footer has the header of the next
   * field, a string, and its length, which is one byte here.
   */
  private static final byte[] BEFORE_DIGITS =
      (KEY + "\u0018" + (char) BLANK.length() + PREFIX).getBytes(StandardCharsets.US_ASCII);

  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
  private static final int END = Integer.BYTES + MAGIC.length;

  /** Longer than the footer of any file that is written here; what a damaged length may cost. */
  private static final int LONGEST_FOOTER = 64 << 20;

  private static final int BUFFER = 1 << 18;

  private ParquetSeal() {}

  /**
   * Checks a file against its digest.
   *
   * @return empty if it is intact; the SHA-256 of its bytes, 64 hexadecimal digits, if it carries
   *     no digest, as those of version 0.1 do not
   * @throws DamagedFileException if it is not what was written, or no Parquet file
   * @throws IOException if it cannot be read
   */
  public static Optional<String> check(FileStatus file, Configuration configuration)
      throws IOException {
    long length = file.getLen();
    try (FSDataInputStream in =
        file.getPath().getFileSystem(configuration).open(file.getPath(), BUFFER)) {
      byte[] footer = footer(in, length);
      int digits = digits(footer);
      MessageDigest digest = Checksum.digest();
      in.seek(0);
      update(digest, in, length - footer.length);
      if (digits < 0) {
        digest.update(footer);
        return Optional.of(HexFormat.of().formatHex(digest.digest()));
      }
      if (!text(footer, digits).equals(sealed(digest, footer, digits))) {
        throw new DamagedFileException("its SHA-256 is not the one that it was written with");
      }
      return Optional.empty();
    } catch (ChecksumException | EOFException damaged) {
      throw new DamagedFileException("it cannot be read to its end", damaged);
    }
  }

  /** The footer with its length and the magic behind it. */
  private static byte[] footer(FSDataInputStream in, long length) throws IOException {
    byte[] end = new byte[END];
    if (length < MAGIC.length + END) {
      throw new DamagedFileException("it has only %d bytes".formatted(length));
    }
    in.readFully(length - END, end);
    int footer = ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if (!Arrays.equals(end, Integer.BYTES, END, MAGIC, 0, MAGIC.length)) {
      throw new DamagedFileException("it does not end as a Parquet file does");
    }
    if (footer < 1 || footer > Math.min(LONGEST_FOOTER, length - MAGIC.length - END)) {
      throw new DamagedFileException("its footer cannot have %d bytes".formatted(footer));
    }
    byte[] all = new byte[footer + END];
    in.readFully(length - all.length, all);
    return all;
  }

  private static void update(MessageDigest digest, FSDataInputStream in, long bytes)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (long left = bytes; left > 0; ) {
      int read = in.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (read < 0) {
        throw new EOFException();
      }
      digest.update(buffer, 0, read);
      left -= read;
    }
  }

  /**
   * Puts the digest of a file into its last bytes.
   *
   * @param digest has taken all bytes before them
   * @param tail the last bytes, with a blank digest
   */
  static void seal(MessageDigest digest, byte[] tail) {
    int digits = digits(tail);
    if (digits < 0 || !text(tail, digits).equals(BLANK.substring(PREFIX.length()))) {
      throw new IllegalStateException("The footer has no place for the digest of the file.");
    }
    byte[] hex = sealed(digest, tail, digits).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(hex, 0, tail, digits, DIGITS);
  }

  private static String sealed(MessageDigest digest, byte[] tail, int digits) {
    digest.update(tail, 0, digits);
    digest.update(BLANK.getBytes(StandardCharsets.US_ASCII), PREFIX.length(), DIGITS);
    digest.update(tail, digits + DIGITS, tail.length - digits - DIGITS);
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String text(byte[] tail, int digits) {
    return new String(tail, digits, DIGITS, StandardCharsets.US_ASCII);
  }

  /** Where the digits begin; negative if there are none. */
  private static int digits(byte[] tail) {
    for (int at = tail.length - BEFORE_DIGITS.length - DIGITS; at >= 0; at--) {
      int end = at + BEFORE_DIGITS.length;
      if (Arrays.equals(tail, at, end, BEFORE_DIGITS, 0, BEFORE_DIGITS.length)) {
        return end;
      }
    }
    return -1;
  }
}
