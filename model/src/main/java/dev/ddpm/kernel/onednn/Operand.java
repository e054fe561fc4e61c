package dev.ddpm.kernel.onednn;

import dev.ddpm.kernel.ForeignMemory;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An array as a primitive sees it: the caller's own memory where the primitive takes its layout,
 * else a copy in the primitive's layout.
 */
public final class Operand {
  private final memory dense;
  private final memory seen;
  private final memory.desc layout;
  private final Operation in;
  private final Operation out;
  private INDArray bound;

  private Operand(OneDnn library, String role, memory.desc dense, memory.desc layout) {
    this.layout = layout;
    this.dense = new memory(dense, library.engine(), new Pointer());
    if (layout.equals(dense)) {
      seen = this.dense;
      in = null;
      out = null;
    } else {
      seen = new memory(layout, library.engine(), library.staging(role, layout.get_size()));
      in = Operation.reorder(library, this.dense, seen);
      out = Operation.reorder(library, seen, this.dense);
    }
  }

  /**
   * An operand of a primitive.
   *
   * @param role tells apart operands that are in use at the same time
   * @param dense how the caller's array lies in memory
   * @param layout how the primitive wants it
   */
  static Operand of(OneDnn library, String role, memory.desc dense, memory.desc layout) {
    return new Operand(library, role, dense, layout);
  }

  boolean has(memory.desc other) {
    return layout.equals(other);
  }

  dnnl_memory handle() {
    return seen.get();
  }

  /** Binds the caller's array and, where it must be, copies it. */
  public void read(INDArray array) {
    bind(array);
    if (in != null) {
      in.run();
    }
  }

  /** Binds the array that {@link #write} fills. */
  public void bind(INDArray array) {
    if (bound != array) {
      Operation.check(dnnl.dnnl_memory_set_data_handle(dense.get(), ForeignMemory.of(array)));
      bound = array;
    }
  }

  /** Copies the result to the caller's array where the primitive could not write to it. */
  public void write() {
    if (out != null) {
      out.run();
    }
  }
}
