package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32;

/**
 * An entry of an archive that is no folder.
 *
 * @param name with slashes, from the archive's root on
 * @param bytes its length, as the archive says
 * @param crc the checksum of its content, if the archive has one
 * @param special why it is no file, such as "is a link"; what goes on after "because it"
 * @param unreadable why its content cannot be had, such as "is encrypted"
 * @param content opens it
 */
record ArchiveItem(
    String name,
    long bytes,
    OptionalLong crc,
    Optional<String> special,
    Optional<String> unreadable,
    Content content) {

  /**
   * The longest picture that is read: four channels of 16 bits, uncompressed, of the largest size
   * that is decoded. What an archive of a few bytes swells to is bounded by it.
   */
  private static final long MAX_PICTURE = 8 * ImageCodec.MAX_PIXELS;

  /** So much shows whether a file is a picture; what is none is read no further. */
  private static final int SIGNATURE = 16;

  /** Opens the content of an entry. */
  @FunctionalInterface
  interface Content {
    /** The content from its first byte on, uncompressed; whoever asked for it closes it. */
    InputStream open() throws IOException;
  }

  /** A name as it is used here: neither {@code ./} nor a slash at its beginning. */
  static String normalised(String name) {
    return name.replaceFirst("^(?:\\.?/+)+", "");
  }

  /**
   * The content of a picture; of what begins as no picture does, only that beginning.
   *
   * @param source what to call it in errors
   * @throws DdpmException (data) if it cannot be had, for a reason that concerns this entry alone
   * @throws IOException if the archive is damaged here, or its file system does not answer
   */
  byte[] picture(String source) throws IOException {
    if (unreadable.isPresent()) {
      throw DdpmException.data("%s %s.", source, unreadable.get());
    }
    if (bytes > MAX_PICTURE) {
      throw DdpmException.data(
          "%s is too large: it has %d bytes, and pictures of up to %d are read.",
          source, bytes, MAX_PICTURE);
    }
    return read(
        in -> {
          byte[] head = in.readNBytes(SIGNATURE);
          return ImageCodec.isPicture(head) ? whole(head, in) : head;
        });
  }

  /**
   * The content of a small file that can be had.
   *
   * @throws IOException as for {@link #picture}
   */
  byte[] note() throws IOException {
    return read(in -> whole(new byte[0], in));
  }

  private interface Reading {
    byte[] of(InputStream in) throws IOException;
  }

  private byte[] read(Reading reading) throws IOException {
    try (InputStream in = content.open()) {
      return reading.of(in);
    } catch (RuntimeException e) {
      // Decompressors meet damage with exceptions of any kind.
      throw new IOException("it cannot be uncompressed", e);
    }
  }

  private byte[] whole(byte[] head, InputStream in) throws IOException {
    byte[] rest = in.readNBytes((int) bytes - head.length);
    if (head.length + rest.length < bytes) {
      throw new EOFException();
    }
    if (in.read() >= 0) {
      throw new IOException("it is longer than the archive says");
    }
    byte[] all = Arrays.copyOf(head, (int) bytes);
    System.arraycopy(rest, 0, all, head.length, rest.length);
    if (crc.isPresent()) {
      CRC32 found = new CRC32();
      found.update(all);
      if (found.getValue() != crc.getAsLong()) {
        throw new IOException("its checksum is wrong");
      }
    }
    return all;
  }
}
