package dev.ddpm.spark.runtime;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * A float array that is serialised as bytes in bulk; Java and ND4J would write it number by number.
 */
public final class Floats implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 1 << 16;

  private transient float[] values;

  /** Wraps an array, without copying it. */
  public Floats(float[] values) {
    this.values = values;
  }

  /** The array itself, not a copy. */
  public float[] values() {
    return values;
  }

  /** Writes length and values, as {@link #readFrom} reads them. */
  public void writeTo(DataOutput out) throws IOException {
    out.writeInt(values.length);
    byte[] chunk = new byte[Float.BYTES * Math.min(CHUNK, values.length)];
    FloatBuffer floats = floats(chunk);
    for (int from = 0; from < values.length; from += CHUNK) {
      int length = Math.min(CHUNK, values.length - from);
      floats.put(0, values, from, length);
      out.write(chunk, 0, Float.BYTES * length);
    }
  }

  /** Reads what {@link #writeTo} has written. */
  public static Floats readFrom(DataInput in) throws IOException {
    float[] values = new float[in.readInt()];
    byte[] chunk = new byte[Float.BYTES * Math.min(CHUNK, values.length)];
    FloatBuffer floats = floats(chunk);
    for (int from = 0; from < values.length; from += CHUNK) {
      int length = Math.min(CHUNK, values.length - from);
      in.readFully(chunk, 0, Float.BYTES * length);
      floats.get(0, values, from, length);
    }
    return new Floats(values);
  }

  private static FloatBuffer floats(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    writeTo(out);
  }

  private void readObject(ObjectInputStream in) throws IOException {
    values = readFrom(in).values;
  }
}
