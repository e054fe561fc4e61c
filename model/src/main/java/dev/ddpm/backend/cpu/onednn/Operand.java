package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.cpu.memory.CpuTensor;
import dev.ddpm.backend.cpu.memory.ForeignMemory;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.Pointer;

/**
 * An array as a primitive sees it: the caller's own memory where the primitive takes its layout,
 * else a copy in the primitive's layout.
 */
public final class Operand {
  private final OneDnn library;
  private final memory dense;
  private final memory seen;
  private final boolean copied;
  private final boolean constant;
  private final ForeignMemory begin = new ForeignMemory(0);
  private CpuTensor bound;
  private long boundBefore;
  private Operation in;
  private Operation out;
  private Operation sum;

  private Operand(OneDnn library, memory dense, memory seen, boolean copied, boolean constant) {
    this.library = library;
    this.dense = dense;
    this.seen = seen;
    this.copied = copied;
    this.constant = constant;
  }

  /**
   * An operand of a primitive.
   *
   * @param role tells apart operands that are in use at the same time
   * @param dense how the caller's array lies in memory
   * @param layout how the primitive wants it
   */
  static Operand of(OneDnn library, String role, memory.desc dense, memory.desc layout) {
    memory own = unbound(library, dense);
    if (layout.equals(dense)) {
      return new Operand(library, own, own, false, false);
    }
    Pointer shared = library.staging(role, layout.get_size());
    return new Operand(library, own, new memory(layout, library.engine(), shared), true, false);
  }

  /** An operand that does not change: its copy is its own, and made by the first read alone. */
  static Operand kept(OneDnn library, memory.desc dense, memory.desc layout) {
    memory copy = new memory(layout, library.engine(), library.allocate(layout.get_size()));
    return new Operand(library, unbound(library, dense), copy, true, true);
  }

  private static memory unbound(OneDnn library, memory.desc dense) {
    return new memory(dense, library.engine(), new Pointer());
  }

  dnnl_memory handle() {
    return seen.get();
  }

  /** Binds the caller's array and, where it must be, copies it. */
  public void read(CpuTensor array) {
    read(array, 0);
  }

  /**
   * The same with a part of an array.
   *
   * @param before values of the array before the first that matters
   */
  void read(CpuTensor array, long before) {
    if (constant && in != null) {
      return;
    }
    bind(array, before);
    if (copied) {
      in = in == null ? Operation.copy(library, dense, seen, false) : in;
      in.run();
    }
  }

  /** Binds the array that {@link #write} fills. */
  public void bind(CpuTensor array) {
    bind(array, 0);
  }

  /**
   * The same with a part of an array.
   *
   * @param before values of the array before the first that is written
   */
  void bind(CpuTensor array, long before) {
    if (bound != array || boundBefore != before) {
      Pointer first = begin.moveTo(array.address() + before * Float.BYTES);
      Operation.check(dnnl.dnnl_memory_set_data_handle(dense.get(), first));
      bound = array;
      boundBefore = before;
    }
  }

  /** Copies the result to the caller's array where the primitive could not write to it. */
  public void write() {
    if (copied) {
      out = out == null ? Operation.copy(library, seen, dense, false) : out;
      out.run();
    }
  }

  /** Adds the result to what the caller's array holds; only of an operand that is copied. */
  void add() {
    if (!copied) {
      throw new IllegalStateException("The primitive has overwritten what was to be added to.");
    }
    sum = sum == null ? Operation.copy(library, seen, dense, true) : sum;
    sum.run();
  }
}
