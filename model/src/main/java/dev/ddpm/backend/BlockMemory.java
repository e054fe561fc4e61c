package dev.ddpm.backend;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory that blocks share as {@link Engine#scratch} and {@link Engine#kept} say, for engines
 * that have nothing better: it is looked up by role, layout and shape.
 */
public final class BlockMemory {
  private final Source source;
  private final Map<List<Object>, Tensor> scratch = new HashMap<>();

  /** Memory that blocks share which recompute, by role: the largest that was asked for so far. */
  private final Map<String, Tensor> recomputed = new HashMap<>();

  private boolean recomputes;

  /** Where the tensors come from. */
  public interface Source {
    /** New images of zeros. */
    Tensor images(Layout layout, long... shape);

    /** New memory for so many values of images in any layout. */
    Tensor memory(long length);

    /** The beginning of such memory as images. */
    Tensor view(Tensor memory, Layout layout, long... shape);
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
  public Tensor scratch(String role, Layout layout, long... shape) {
    List<Object> key = List.of(role, layout, Arrays.stream(shape).boxed().toList());
    return scratch.computeIfAbsent(key, absent -> source.images(layout, shape));
  }

  /** See {@link Engine#kept}. */
  public Tensor kept(String role, Layout layout, long... shape) {
    if (!recomputes) {
      return source.images(layout, shape);
    }
    long length = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    Tensor known = recomputed.get(role);
    if (known == null || known.length() < length) {
      known = source.memory(length);
      recomputed.put(role, known);
    }
    return source.view(known, layout, shape);
  }
}
