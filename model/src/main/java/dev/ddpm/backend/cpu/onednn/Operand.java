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
  private Operation in;
  private Operation out;

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
    if (constant && in != null) {
      return;
    }
    bind(array);
    if (copied) {
      in = in == null ? Operation.copy(library, dense, seen) : in;
      in.run();
    }
  }

  /** Binds the array that {@link #write} fills. */
  public void bind(CpuTensor array) {
    if (bound != array) {
      Pointer first = begin.moveTo(array.address());
      Operation.check(dnnl.dnnl_memory_set_data_handle(dense.get(), first));
      bound = array;
    }
  }

  /** Copies the result to the caller's array where the primitive could not write to it. */
  public void write() {
    if (copied) {
      out = out == null ? Operation.copy(library, seen, dense) : out;
      out.run();
    }
  }
}
