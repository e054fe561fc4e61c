package dev.ddpm.spark.cluster;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * A float array, or a range of one, that is serialised as bytes in bulk; Java and ND4J would write
 * it number by number. A checksum travels along: Spark checks broadcasts alone, and at several
 * times the cost, but neither shuffle files that are not compressed nor results.
 */
public final class WireFloats implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 1 << 16;

  private transient float[] values;
  private transient int first;
  private transient int length;
  private transient WireFormat format;

  /** Wraps an array, without copying it. */
  public WireFloats(float[] values) {
    this(values, WireFormat.FLOAT32);
  }

  /**
   * Wraps an array, without copying it.
   *
   * @param format that it is serialised in; what is read is in this format, too
   */
  public WireFloats(float[] values, WireFormat format) {
    this(values, 0, values.length, format);
  }

  /** The same with a range of an array; what is read is that range alone. */
  public WireFloats(float[] values, int first, int length, WireFormat format) {
    this.values = values;
    this.first = first;
    this.length = length;
    this.format = format;
  }

  /** The array itself, not a copy; of a range a copy. */
  public float[] values() {
    return length == values.length ? values : Arrays.copyOfRange(values, first, first + length);
  }

  /** The format that it is serialised in. */
  public WireFormat format() {
    return format;
  }

  /** Writes format, length, values and checksum, as {@link #readFrom} reads them. */
  public void writeTo(DataOutput out) throws IOException {
    out.writeByte(format.bytes());
    out.writeInt(length);
    byte[] chunk = chunk(format, length);
    ByteBuffer buffer = littleEndian(chunk);
    var checksum = new CRC32C();
    for (int from = 0; from < length; from += CHUNK) {
      int next = Math.min(CHUNK, length - from);
      format.encode(values, first + from, next, buffer);
      checksum.update(chunk, 0, format.bytes() * next);
      out.write(chunk, 0, format.bytes() * next);
    }
    out.writeInt((int) checksum.getValue());
  }

  /**
   * Reads what {@link #writeTo} has written.
   *
   * @throws StreamCorruptedException if it is not what was written
   */
  public static WireFloats readFrom(DataInput in) throws IOException {
    WireFormat format = WireFormat.ofBytes(in.readByte());
    float[] values = allocate(in.readInt(), format, in);
    byte[] chunk = chunk(format, values.length);
    ByteBuffer buffer = littleEndian(chunk);
    var checksum = new CRC32C();
    for (int from = 0; from < values.length; from += CHUNK) {
      int next = Math.min(CHUNK, values.length - from);
      in.readFully(chunk, 0, format.bytes() * next);
      checksum.update(chunk, 0, format.bytes() * next);
      format.decode(buffer, values, from, next);
    }
    int written = in.readInt();
    int read = (int) checksum.getValue();
    if (read != written) {
      throw new StreamCorruptedException(
          "%d numbers arrived damaged: their checksum is %08x, that of what was sent %08x."
              .formatted(values.length, read, written));
    }
    return new WireFloats(values, format);
  }

  /**
   * Without memory for so many numbers they are passed over first: a stream that is left in the
   * middle of them tells of that ("unread block data") instead of the memory.
   */
  private static float[] allocate(int length, WireFormat format, DataInput in) throws IOException {
    try {
      return new float[length];
    } catch (OutOfMemoryError e) {
      long rest = (long) format.bytes() * length + Integer.BYTES;
      int passed = 1;
      while (rest > 0 && passed > 0) {
        passed = in.skipBytes((int) Math.min(rest, Integer.MAX_VALUE));
        rest -= passed;
      }
      throw e;
    }
  }

  private static byte[] chunk(WireFormat format, int length) {
    return new byte[format.bytes() * Math.min(CHUNK, length)];
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    writeTo(out);
  }

  private void readObject(ObjectInputStream in) throws IOException {
    WireFloats read = readFrom(in);
    values = read.values;
    length = read.length;
    format = read.format;
  }
}
