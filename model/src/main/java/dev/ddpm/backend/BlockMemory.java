package dev.ddpm.backend;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory that blocks share as {@link Engine#scratch} and {@link Engine#kept} say, for engines
 * that have nothing better: it is looked up by role and shape.
 */
public final class BlockMemory {
  private final Source source;
  private final Map<List<Object>, Tensor> scratch = new HashMap<>();

  /** Memory that blocks share which recompute, by role: the largest that was asked for so far. */
  private final Map<String, Tensor> recomputed = new HashMap<>();

  private boolean recomputes;

  /** Where the tensors come from. */
  @FunctionalInterface
  public interface Source {
    /** A new tensor of zeros. */
    Tensor allocate(long... shape);
  }

  /** No memory yet. */
  public BlockMemory(Source source) {
    this.source = source;
  }

  /** See {@link Engine#recompute}. */
  public void recompute() {
    recomputes = true;
  }

  /** See {@link Engine#recomputes}. */
  public boolean recomputes() {
    return recomputes;
  }

  /** See {@link Engine#scratch}. */
  public Tensor scratch(String role, long... shape) {
    List<Object> key = List.of(role, Arrays.stream(shape).boxed().toList());
    return scratch.computeIfAbsent(key, absent -> source.allocate(shape));
  }

  /** See {@link Engine#kept}. */
  public Tensor kept(String role, long... shape) {
    if (!recomputes) {
      return source.allocate(shape);
    }
    long length = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    Tensor known = recomputed.get(role);
    if (known == null || known.length() < length) {
      known = source.allocate(length);
      recomputed.put(role, known);
    }
    return known.slice(0, shape);
  }
}
