package dev.ddpm.backend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A dense row-major array, seen as ND4J sees it, as a matrix, and as the bytes of its memory.
 *
 * <p>The last dimension is the channel; everything before it counts rows. All views share one
 * memory and are made once, so that a kernel call allocates nothing.
 */
public final class Tensor {
  private static final int ALIGNMENT = 64;

  private final INDArray array;
  private final Layout layout;
  private final int columns;
  private final int length;
  private INDArray matrix;
  private ByteBuffer bytes;

  private Tensor(INDArray array, Layout layout) {
    this.array = array;
    this.layout = layout;
    this.length = Math.toIntExact(array.length());
    this.columns = array.rank() == 0 ? 1 : Math.toIntExact(array.size(array.rank() - 1));
  }

  /**
   * Looks at an array of any rank; nothing is copied.
   *
   * @param array dense and row-major
   * @throws IllegalArgumentException if it is a view with gaps or column-major
   */
  public static Tensor of(INDArray array) {
    if (array.rank() > 1 && (array.ordering() != 'c' || hasGaps(array))) {
      throw new IllegalArgumentException(
          "Only dense row-major arrays can be used, not " + array.shapeInfoToString());
    }
    return new Tensor(array, Layout.ROWS);
  }

  /** A new array of zeros. */
  public static Tensor zeros(DataType type, long... shape) {
    return new Tensor(Nd4j.create(type, shape, 'c'), Layout.ROWS);
  }

  /** New images of zeros in the given layout. */
  public static Tensor zeros(DataType type, Layout layout, long... shape) {
    if (layout == Layout.ROWS) {
      return zeros(type, shape);
    }
    int spare = ALIGNMENT / type.width();
    Tensor larger = zeros(type, Arrays.stream(shape).reduce(1, Math::multiplyExact) + spare);
    long beyond = larger.array.data().address() % ALIGNMENT / type.width();
    Tensor aligned = larger.slice((spare - beyond) % spare, shape);
    return new Tensor(aligned.array, layout);
  }

  private static boolean hasGaps(INDArray array) {
    long expected = 1;
    for (int i = array.rank() - 1; i >= 0; i--) {
      if (array.size(i) > 1 && array.stride(i) != expected) {
        return true;
      }
      expected *= array.size(i);
    }
    return false;
  }

  /** The array itself. */
  public INDArray array() {
    return array;
  }

  /** How images lie in the memory. */
  public Layout layout() {
    return layout;
  }

  /** The same memory as (rows, columns). */
  public INDArray matrix() {
    if (matrix == null) {
      matrix = array.rank() == 2 ? array : array.reshape('c', rows(), columns);
    }
    return matrix;
  }

  /** The same memory in another shape. */
  public Tensor reshape(long... shape) {
    return of(array.reshape('c', shape));
  }

  /** A view of consecutive values as a tensor of the given shape. */
  public Tensor slice(long offset, long... shape) {
    long count = 1;
    for (long size : shape) {
      count *= size;
    }
    INDArray view =
        array.reshape('c', new long[] {length}).get(NDArrayIndex.interval(offset, offset + count));
    return of(view.reshape('c', shape));
  }

  /** Number of values. */
  public int length() {
    return length;
  }

  /** Size of the last dimension. */
  public int columns() {
    return columns;
  }

  /** Product of the dimensions before the last. */
  public int rows() {
    return length / columns;
  }

  /** Size of a dimension. */
  public int size(int dimension) {
    return Math.toIntExact(array.size(dimension));
  }

  /** The memory of an off-heap array, in native byte order; only valid on the CPU back end. */
  public ByteBuffer bytes() {
    if (bytes == null) {
      int width = array.dataType().width();
      bytes = ForeignMemory.of(array).capacity((long) length * width).asByteBuffer();
      bytes.order(ByteOrder.nativeOrder());
    }
    return bytes;
  }
}
