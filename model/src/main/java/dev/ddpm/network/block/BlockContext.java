package dev.ddpm.network.block;

import dev.ddpm.backend.KernelChoice;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.onednn.OneDnn;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;

/** What the blocks of one network share: precision, kernels and scratch memory. */
public final class BlockContext {
  private final DataType type;
  private final Map<List<Object>, Tensor> scratch = new HashMap<>();
  private Kernels kernels;
  private Optional<OneDnn> oneDnn;

  /**
   * A context for one network.
   *
   * @param type floating-point type of all arrays
   * @param choice kernels to use
   */
  public BlockContext(DataType type, KernelChoice choice) {
    this.type = type;
    use(choice);
  }

  /** Changes the kernels, before the first pass. */
  public void use(KernelChoice choice) {
    kernels = choice.create();
    oneDnn = choice == KernelChoice.VECTOR ? OneDnn.create() : Optional.empty();
  }

  /** Promises that no weight changes any more, before the first pass. */
  public void keepWeights() {
    oneDnn.ifPresent(OneDnn::keepWeights);
  }

  Kernels kernels() {
    return kernels;
  }

  /** Present where the network computes on the CPU in float32 and the library is there. */
  Optional<OneDnn> oneDnn() {
    return oneDnn;
  }

  /** A new array of zeros that the caller owns. */
  Tensor allocate(long... shape) {
    return Tensor.zeros(type, shape);
  }

  /** New images of zeros that the caller owns. */
  Tensor allocate(Layout layout, long... shape) {
    return Tensor.zeros(type, layout, shape);
  }

  /**
   * Memory whose content does not outlive one call of a block; blocks of equal shape share it.
   *
   * @param role tells apart arrays that are in use at the same time
   */
  Tensor scratch(String role, long... shape) {
    return scratch(role, Layout.ROWS, shape);
  }

  /** The same for images in some layout. */
  Tensor scratch(String role, Layout layout, long... shape) {
    List<Object> key = List.of(role, layout, Arrays.stream(shape).boxed().toList());
    return scratch.computeIfAbsent(key, absent -> allocate(layout, shape));
  }

  DataType type() {
    return type;
  }
}
