package dev.ddpm.backend.cuda;

import dev.ddpm.backend.Tensor;
import java.util.Arrays;
import java.util.Objects;

/**
 * Values in a card's memory: float32, or 64-bit keys. A view is another address. Memory is the
 * device's, which gives it back when it is closed.
 */
final class CudaTensor implements Tensor {
  private final Device device;
  private final long address;
  private final int width;
  private final long[] shape;
  private final int length;

  private CudaTensor(Device device, long address, int width, long... shape) {
    this.device = device;
    this.address = address;
    this.width = width;
    this.shape = shape.clone();
    this.length = length(shape);
  }

  /** New float32 zeros. */
  static CudaTensor allocate(Device device, long... shape) {
    long address = device.allocate((long) length(shape) * Float.BYTES);
    return new CudaTensor(device, address, Float.BYTES, shape);
  }

  /** New keys, all of them zero. */
  static CudaTensor keys(Device device, int batch) {
    return new CudaTensor(device, device.allocate((long) batch * Long.BYTES), Long.BYTES, batch);
  }

  private static int length(long... shape) {
    long length = 1;
    for (long size : shape) {
      length = Math.multiplyExact(length, size);
    }
    return Math.toIntExact(length);
  }

  /** Where the values of a tensor of this back end's begin. */
  static long address(Tensor tensor) {
    return ((CudaTensor) tensor).address;
  }

  /** The same; 0, which is no address, for none. */
  static long addressOrNull(Tensor tensor) {
    return tensor == null ? 0 : address(tensor);
  }

  /** Where the values begin. */
  long address() {
    return address;
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int columns() {
    return shape.length == 0 ? 1 : (int) shape[shape.length - 1];
  }

  @Override
  public int size(int dimension) {
    return (int) shape[dimension];
  }

  @Override
  public CudaTensor reshape(long... newShape) {
    if (length(newShape) != length) {
      throw new IllegalArgumentException(
          "A tensor of the shape %s has no room for %s"
              .formatted(Arrays.toString(shape), Arrays.toString(newShape)));
    }
    return new CudaTensor(device, address, width, newShape);
  }

  @Override
  public CudaTensor slice(long offset, long... part) {
    Objects.checkFromIndexSize(offset, length(part), length);
    return new CudaTensor(device, address + offset * width, width, part);
  }

  @Override
  public void upload(float[] values, int from) {
    require(Float.BYTES);
    device.upload(values, from, length, address);
  }

  @Override
  public void upload(double[] values) {
    float[] rounded = new float[length];
    for (int i = 0; i < length; i++) {
      rounded[i] = (float) values[i];
    }
    upload(rounded, 0);
  }

  @Override
  public void upload(long[] keys) {
    require(Long.BYTES);
    Objects.checkIndex(length - 1, keys.length);
    device.upload(keys.length == length ? keys : Arrays.copyOf(keys, length), address);
  }

  @Override
  public void download(float[] values, int to) {
    require(Float.BYTES);
    device.download(address, values, to, length);
  }

  private void require(int bytes) {
    if (width != bytes) {
      throw new IllegalStateException(
          "A tensor of %d-byte values takes and gives no %d-byte values".formatted(width, bytes));
    }
  }
}
