package dev.ddpm.spark.runtime;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A float array that is serialised as bytes in bulk; Java and ND4J would write it number by number.
 */
public final class Floats implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 1 << 16;

  private transient float[] values;
  private transient WireFormat format;

  /** Wraps an array, without copying it. */
  public Floats(float[] values) {
    this(values, WireFormat.FLOAT32);
  }

  /**
   * Wraps an array, without copying it.
   *
   * @param format that it is serialised in; what is read is in this format, too
   */
  public Floats(float[] values, WireFormat format) {
    this.values = values;
    this.format = format;
  }

  /** The array itself, not a copy. */
  public float[] values() {
    return values;
  }

  /** The format that it is serialised in. */
  public WireFormat format() {
    return format;
  }

  /** Writes format, length and values, as {@link #readFrom} reads them. */
  public void writeTo(DataOutput out) throws IOException {
    out.writeByte(format.bytes());
    out.writeInt(values.length);
    byte[] chunk = chunk(format, values.length);
    ByteBuffer buffer = littleEndian(chunk);
    for (int from = 0; from < values.length; from += CHUNK) {
      int length = Math.min(CHUNK, values.length - from);
      format.encode(values, from, length, buffer);
      out.write(chunk, 0, format.bytes() * length);
    }
  }

  /** Reads what {@link #writeTo} has written. */
  public static Floats readFrom(DataInput in) throws IOException {
    WireFormat format = WireFormat.ofBytes(in.readByte());
    float[] values = new float[in.readInt()];
    byte[] chunk = chunk(format, values.length);
    ByteBuffer buffer = littleEndian(chunk);
    for (int from = 0; from < values.length; from += CHUNK) {
      int length = Math.min(CHUNK, values.length - from);
      in.readFully(chunk, 0, format.bytes() * length);
      format.decode(buffer, values, from, length);
    }
    return new Floats(values, format);
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
    Floats read = readFrom(in);
    values = read.values;
    format = read.format;
  }
}
