package dev.ddpm.spark.runtime;

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

  /** Wraps an array, without copying it. */
  public Floats(float[] values) {
    this.values = values;
  }

  /** The array itself, not a copy. */
  public float[] values() {
    return values;
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    out.writeInt(values.length);
    ByteBuffer chunk = ByteBuffer.allocate(Float.BYTES * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += CHUNK) {
      int length = Math.min(CHUNK, values.length - from);
      chunk.asFloatBuffer().put(values, from, length);
      out.write(chunk.array(), 0, Float.BYTES * length);
    }
  }

  private void readObject(ObjectInputStream in) throws IOException {
    values = new float[in.readInt()];
    ByteBuffer chunk = ByteBuffer.allocate(Float.BYTES * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += CHUNK) {
      int length = Math.min(CHUNK, values.length - from);
      in.readFully(chunk.array(), 0, Float.BYTES * length);
      chunk.asFloatBuffer().get(values, from, length);
    }
  }
}
