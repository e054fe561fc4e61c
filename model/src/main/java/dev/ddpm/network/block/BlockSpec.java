package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import java.io.Serializable;
import java.util.List;

/**
 * What a block computes, as data: its sizes, from which its parameters, memory and operations
 * follow. Every block has one, its record {@code Spec}.
 *
 * <p>Unless a block says otherwise it has one image input, (batch, height, width, channels).
 */
public interface BlockSpec extends Serializable {

  /** The tensors of the block in state-dict order, which is also their order in storage. */
  List<Parameter> parameters();

  /** Number of inputs. */
  default int inputs() {
    return 1;
  }

  /**
   * Height · width of the output.
   *
   * @param inputPositions height · width of the first input
   */
  default long outputPositions(long inputPositions) {
    return inputPositions;
  }

  /**
   * Counts the arrays that the block keeps per image, and what kernels make of its weights. Vectors
   * per image are too small to count.
   *
   * @param inputPositions height · width of the first input
   */
  void count(MemoryCount count, long inputPositions);

  /**
   * Operations of the forward pass per image that belong to convolutions and matrix products, two
   * per multiplication and addition.
   *
   * @param positions height · width of the output
   */
  long flops(long positions);

  /** Makes the block. */
  Block create(Engine engine, BlockParameters parameters);
}
