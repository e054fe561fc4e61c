package dev.ddpm.backend.nd4j;

import dev.ddpm.backend.Tensor;
import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A tensor over an array of ND4J's. Values come and go through ND4J's own copies, which know where
 * its memory is. All views are made once, so that an operation allocates nothing.
 */
public class Nd4jTensor implements Tensor {
  private final INDArray array;
  private final int columns;
  private final int length;
  private INDArray matrix;

  /**
   * A tensor over an array.
   *
   * @throws IllegalArgumentException if it is a view with gaps or column-major
   */
  protected Nd4jTensor(INDArray array) {
    if (array.rank() > 1 && (array.ordering() != 'c' || hasGaps(array))) {
      throw new IllegalArgumentException(
          "Only dense row-major arrays can be used, not " + array.shapeInfoToString());
    }
    this.array = array;
    this.length = Math.toIntExact(array.length());
    this.columns = array.rank() == 0 ? 1 : Math.toIntExact(array.size(array.rank() - 1));
  }

  static Nd4jTensor of(INDArray array) {
    return new Nd4jTensor(array);
  }

  /** The array under a tensor of this back end's. */
  static INDArray array(Tensor tensor) {
    return ((Nd4jTensor) tensor).array;
  }

  /** The same as (rows, columns). */
  static INDArray matrix(Tensor tensor) {
    return ((Nd4jTensor) tensor).matrix();
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
  public final INDArray array() {
    return array;
  }

  private INDArray matrix() {
    if (matrix == null) {
      matrix = array.rank() == 2 ? array : array.reshape('c', rows(), columns);
    }
    return matrix;
  }

  /** A tensor of the same kind over another array. */
  protected Nd4jTensor over(INDArray other) {
    return of(other);
  }

  @Override
  public final long[] shape() {
    return array.shape().clone();
  }

  @Override
  public final int length() {
    return length;
  }

  @Override
  public final int columns() {
    return columns;
  }

  @Override
  public final int size(int dimension) {
    return Math.toIntExact(array.size(dimension));
  }

  @Override
  public final Nd4jTensor reshape(long... shape) {
    return over(array.reshape('c', shape));
  }

  @Override
  public final Nd4jTensor slice(long offset, long... shape) {
    long count = 1;
    for (long size : shape) {
      count *= size;
    }
    INDArray view = flat().get(NDArrayIndex.interval(offset, offset + count));
    return over(view.reshape('c', shape));
  }

  private INDArray flat() {
    return array.reshape('c', new long[] {length});
  }

  @Override
  public void upload(float[] values, int from) {
    flat().assign(Nd4j.createFromArray(Arrays.copyOfRange(values, from, from + length)));
  }

  @Override
  public void upload(double[] values) {
    flat().assign(Nd4j.createFromArray(values));
  }

  @Override
  public void upload(long[] keys) {
    flat().assign(Nd4j.createFromArray(keys));
  }

  @Override
  public void download(float[] values, int to) {
    System.arraycopy(flat().toFloatVector(), 0, values, to, length);
  }
}
