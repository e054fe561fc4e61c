package dev.ddpm.backend.nd4j;

import dev.ddpm.backend.Backends;
import dev.ddpm.backend.BlockMemory;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An engine whose tensors lie over ND4J's arrays. */
public abstract class Nd4jEngine implements Engine {
  private final Precision precision;
  private final BlockMemory blocks = new BlockMemory(this::allocate);

  /** An engine for a network of one precision. */
  protected Nd4jEngine(Precision precision) {
    this.precision = precision;
  }

  /**
   * The best engine for a network of DL4J's.
   *
   * @param type FLOAT or DOUBLE
   */
  public static Nd4jEngine best(DataType type) {
    Precision precision =
        switch (type) {
          case FLOAT -> Precision.FLOAT32;
          case DOUBLE -> Precision.FLOAT64;
          default -> throw new IllegalArgumentException("No network computes in " + type);
        };
    return Backends.best(Nd4jBackend.class, precision).create(precision);
  }

  /**
   * A tensor over an array of any rank; nothing is copied.
   *
   * @param array dense and row-major
   * @throws IllegalArgumentException if it is a view with gaps or column-major
   */
  public abstract Nd4jTensor tensor(INDArray array);

  /** The array under a tensor of such an engine; nothing is copied. */
  public static INDArray array(Tensor tensor) {
    return ((Nd4jTensor) tensor).array();
  }

  @Override
  public final Precision precision() {
    return precision;
  }

  /** ND4J's name of the precision. */
  protected final DataType type() {
    return switch (precision) {
      case FLOAT32, BFLOAT16, TF32 -> DataType.FLOAT;
      case FLOAT64 -> DataType.DOUBLE;
    };
  }

  @Override
  public final void recompute() {
    blocks.recompute();
  }

  @Override
  public final boolean recomputes() {
    return blocks.recomputes();
  }

  @Override
  public final Tensor allocate(long... shape) {
    return tensor(Nd4j.create(type(), shape, 'c'));
  }

  @Override
  public final Tensor keys(int batch) {
    return tensor(Nd4j.create(DataType.INT64, batch));
  }

  @Override
  public final Tensor kept(String role, long... shape) {
    return blocks.kept(role, shape);
  }

  @Override
  public final Tensor scratch(String role, long... shape) {
    return blocks.scratch(role, shape);
  }
}
