package dev.ddpm.backend.cpu.memory;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A tensor of float32 values or of keys over an off-heap array of ND4J's CPU back end. */
public final class CpuTensor extends Nd4jTensor {
  private static final int ALIGNMENT = 64;

  private final long address;
  private ByteBuffer bytes;
  private FloatBuffer floats;

  private CpuTensor(INDArray array) {
    super(array);
    if (array.dataType() != DataType.FLOAT && array.dataType() != DataType.INT64) {
      throw new IllegalArgumentException("Only float32 can be computed, not " + array.dataType());
    }
    // a view's buffer has the address of the whole array
    this.address = array.data().address() + array.offset() * array.dataType().width();
  }

  /**
   * A tensor over an array; nothing is copied.
   *
   * @throws IllegalArgumentException if it is not dense and row-major, or of another type
   */
  public static CpuTensor of(INDArray array) {
    return new CpuTensor(array);
  }

  /** A new tensor of zeros. */
  public static CpuTensor zeros(long... shape) {
    return of(Nd4j.create(DataType.FLOAT, shape, 'c'));
  }

  /** The same at the beginning of a cache line. */
  public static CpuTensor aligned(long... shape) {
    int spare = ALIGNMENT / Float.BYTES;
    long length = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    CpuTensor larger = zeros(length + spare);
    long beyond = larger.address % ALIGNMENT / Float.BYTES;
    return of(larger.slice((spare - beyond) % spare, shape).array());
  }

  @Override
  protected CpuTensor over(INDArray other) {
    return of(other);
  }

  /** Where the memory begins. */
  public long address() {
    return address;
  }

  /** The memory, in native byte order. */
  public ByteBuffer bytes() {
    if (bytes == null) {
      bytes =
          new ForeignMemory(address)
              .capacity((long) length() * array().dataType().width())
              .asByteBuffer()
              .order(ByteOrder.nativeOrder());
    }
    return bytes;
  }

  /** The memory of a tensor of this back end's. */
  public static ByteBuffer bytes(Tensor tensor) {
    return ((CpuTensor) tensor).bytes();
  }

  /** The same memory as float32 values, of which runs are copied fastest. */
  public FloatBuffer floats() {
    if (floats == null) {
      floats = bytes().asFloatBuffer();
    }
    return floats;
  }

  /** The values of a tensor of this back end's. */
  public static FloatBuffer floats(Tensor tensor) {
    return ((CpuTensor) tensor).floats();
  }

  /** The root of the sum of the squares of all values, as ND4J adds them up. */
  public double norm() {
    return array().norm2Number().doubleValue();
  }

  @Override
  public void upload(float[] values, int from) {
    floats().put(0, values, from, length());
  }

  @Override
  public void upload(double[] values) {
    for (int i = 0; i < length(); i++) {
      floats().put(i, (float) values[i]);
    }
  }

  @Override
  public void upload(long[] keys) {
    bytes().asLongBuffer().put(0, keys, 0, length());
  }

  @Override
  public void download(float[] values, int to) {
    floats().get(0, values, to, length());
  }
}
