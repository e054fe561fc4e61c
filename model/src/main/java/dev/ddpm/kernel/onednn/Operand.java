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
  private final long bytesBefore;
  private final memory dense;
  private final memory seen;
  private final Operation in;
  private final Operation out;
  private INDArray bound;

  private Operand(
      OneDnn library,
      String role,
      memory.desc dense,
      memory.desc layout,
      long before,
      boolean sums) {
    this.bytesBefore = before * Float.BYTES;
    this.dense = new memory(dense, library.engine(), new Pointer());
    if (layout.equals(dense) && !sums) {
      seen = this.dense;
      in = null;
      out = null;
    } else {
      seen = new memory(layout, library.engine(), library.staging(role, layout.get_size()));
      in = Operation.copy(library, this.dense, seen, false);
      out = Operation.copy(library, seen, this.dense, sums);
    }
  }

  /**
   * An operand of a primitive.
   *
   * @param role tells apart operands that are in use at the same time
   * @param dense how the caller's array lies in memory
   * @param layout how the primitive wants it
   * @param before values of the caller's array before the first that matters
   */
  static Operand of(
      OneDnn library, String role, memory.desc dense, memory.desc layout, long before) {
    return new Operand(library, role, dense, layout, before, false);
  }

  /** An operand that {@link #write} adds to what the caller's array holds. */
  static Operand sum(OneDnn library, String role, memory.desc dense, memory.desc layout) {
    return new Operand(library, role, dense, layout, 0, true);
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
      Pointer first = new ForeignMemory(ForeignMemory.of(array).address() + bytesBefore);
      Operation.check(dnnl.dnnl_memory_set_data_handle(dense.get(), first));
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
