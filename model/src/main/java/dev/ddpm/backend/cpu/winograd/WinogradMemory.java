package dev.ddpm.backend.cpu.winograd;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/**
 * The memory of a network's convolutions: what does not outlive a call, for each role as much as
 * the largest convolution needs, and transformed weights that do not change. Not thread-safe.
 */
public final class WinogradMemory {
  /** What memory is for. */
  enum Role {
    /** Transformed tiles of the input, or their gradients. */
    TILES,
    /** Products of tiles and weights, or their gradients. */
    PRODUCTS,
    /** Transformed weights. */
    WEIGHTS,
    /** Gradient of the transformed weights. */
    WEIGHT_GRADIENT
  }

  private final Map<Role, CpuTensor> shared = new EnumMap<>(Role.class);

  /** By the address of the weights and the shape of what is made of them. */
  private final Map<List<Long>, Tensor> kept = new HashMap<>();

  private boolean constantWeights;

  /** Promises that no weight changes any more, before the first pass. */
  public void keepWeights() {
    constantWeights = true;
  }

  /** Whether transformed weights are kept. */
  public boolean hasConstantWeights() {
    return constantWeights;
  }

  /** Reserves memory whose content does not outlive a call; areas of one role overlap. */
  Area area(Role role, long... shape) {
    CpuTensor present = shared.get(role);
    if (present == null || present.length() < length(shape)) {
      shared.put(role, CpuTensor.aligned(length(shape)));
    }
    return new Area(role, shape);
  }

  /** A part of the memory for a role, which moves when another area needs more. */
  final class Area {
    private final Role role;
    private final long[] shape;
    private CpuTensor whole;
    private Tensor part;

    private Area(Role role, long... shape) {
      this.role = role;
      this.shape = shape;
    }

    Tensor tensor() {
      CpuTensor present = shared.get(role);
      if (present != whole) {
        whole = present;
        part = present.slice(0, shape);
      }
      return part;
    }
  }

  /**
   * Weights as they were transformed when first asked for.
   *
   * @param transform fills a tensor of the given shape
   */
  Tensor kept(Tensor weight, Consumer<Tensor> transform, long... shape) {
    long address = ((CpuTensor) weight).address();
    return kept.computeIfAbsent(
        LongStream.concat(LongStream.of(address), Arrays.stream(shape)).boxed().toList(),
        absent -> {
          Tensor transformed = CpuTensor.aligned(shape);
          transform.accept(transformed);
          return transformed;
        });
  }

  private static long length(long[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }
}
