package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The bytes of a pickle. Room for what is announced is made only if there are so many bytes. */
final class PickleInput {
  private static final int MAXIMUM_LINE = 1000;

  /** The names of all tensors of the largest networks are far shorter. */
  private static final long MAXIMUM_BYTES = 64 << 20;

  private final InputStream in;
  private final long length;
  private long taken;

  /**
   * Nothing is read yet.
   *
   * @param in the pickle, and perhaps something behind it; not closed here
   * @param length bytes that are there
   */
  PickleInput(InputStream in, long length) {
    this.in = in;
    this.length = length;
  }

  /** Bytes that were read. */
  long taken() {
    return taken;
  }

  /** An unsigned byte. */
  int unsignedByte() throws IOException {
    return bytes(1)[0] & 0xff;
  }

  /** An unsigned little-endian number of 16 bits. */
  int unsignedShort() throws IOException {
    return little(Short.BYTES).getShort() & 0xffff;
  }

  /** A signed little-endian number of 32 bits. */
  int signedInt() throws IOException {
    return little(Integer.BYTES).getInt();
  }

  /** An unsigned little-endian number of 32 bits. */
  long unsignedInt() throws IOException {
    return Integer.toUnsignedLong(signedInt());
  }

  /** A signed little-endian number of 64 bits. */
  long signedLong() throws IOException {
    return little(Long.BYTES).getLong();
  }

  /** A big-endian float of 64 bits. */
  double bigEndianDouble() throws IOException {
    return ByteBuffer.wrap(bytes(Double.BYTES)).getDouble();
  }

  /** UTF-8 of so many bytes; what is none becomes a replacement character. */
  String text(long bytes) throws IOException {
    return new String(bytes(bytes), StandardCharsets.UTF_8);
  }

  /** Text up to the end of a line, without it. */
  String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
      if (line.length() == MAXIMUM_LINE) {
        throw DdpmException.data("a name in its pickle is longer than %d bytes.", MAXIMUM_LINE);
      }
      line.append((char) c);
    }
    return line.toString();
  }

  /** So many bytes. */
  byte[] bytes(long count) throws IOException {
    if (count < 0 || count > length - taken) {
      throw DdpmException.data("it ends within its pickle.");
    }
    taken += count;
    if (taken > MAXIMUM_BYTES) {
      throw DdpmException.data(
          "its pickle has more than %d MiB, which no model needs.", MAXIMUM_BYTES >> 20);
    }
    byte[] bytes = in.readNBytes((int) count);
    if (bytes.length < count) {
      throw DdpmException.data("it ends within its pickle.");
    }
    return bytes;
  }

  private ByteBuffer little(int count) throws IOException {
    return ByteBuffer.wrap(bytes(count)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
