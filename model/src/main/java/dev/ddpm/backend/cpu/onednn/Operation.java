package dev.ddpm.backend.cpu.onednn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.javacpp.Pointer;

/** A primitive with its arguments, made once and run often. */
public final class Operation {
  private final OneDnn library;
  private final dnnl_primitive handle;
  private final dnnl_stream stream;

  /** What JavaCPP would free if nothing in Java held it. */
  private final List<Object> kept = new ArrayList<>();

  private final dnnl_exec_arg_t arguments;
  private final int count;
  private final memory scratchpad;
  private Pointer scratchpadMemory = new Pointer();

  private Operation(
      OneDnn library, primitive computation, memory.desc scratchpad, List<Argument> arguments) {
    this.library = library;
    kept.add(computation);
    this.handle = computation.get();
    this.stream = library.stream().get();
    library.reserveScratchpad(scratchpad.get_size());
    this.scratchpad = new memory(scratchpad, library.engine(), new Pointer());
    this.count = arguments.size() + 1;
    this.arguments = new dnnl_exec_arg_t(count);
    set(0, dnnl.DNNL_ARG_SCRATCHPAD, this.scratchpad.get());
    for (int i = 1; i < count; i++) {
      Argument argument = arguments.get(i - 1);
      set(i, argument.position(), argument.handle());
      kept.add(argument.owner());
    }
    this.arguments.position(0);
  }

  /** One argument of a primitive, and the object that keeps its memory. */
  private record Argument(int position, dnnl_memory handle, Object owner) {}

  /** Collects the arguments of an operation. */
  static final class Builder {
    private final OneDnn library;
    private final primitive_desc_base description;
    private final List<Argument> arguments = new ArrayList<>();

    Builder(OneDnn library, primitive_desc_base description) {
      this.library = library;
      this.description = description;
    }

    Builder argument(int position, Operand operand) {
      arguments.add(new Argument(position, operand.handle(), operand));
      return this;
    }

    Operation build(primitive computation) {
      return new Operation(
          library, computation, description.query_md(dnnl.query.scratchpad_md, 0), arguments);
    }
  }

  /** The copy of an array from one layout to another. */
  static Operation copy(OneDnn library, memory from, memory to) {
    reorder.primitive_desc description =
        new reorder.primitive_desc(from, to, library.attributes(), false);
    return new Operation(
        library,
        new reorder(description),
        description.query_md(dnnl.query.scratchpad_md, 0),
        List.of(
            new Argument(dnnl.DNNL_ARG_FROM, from.get(), from),
            new Argument(dnnl.DNNL_ARG_TO, to.get(), to)));
  }

  private void set(int index, int position, dnnl_memory handle) {
    arguments.position(index).arg(position).memory(handle);
  }

  /** Computes; every operand must be bound. */
  public void run() {
    if (!scratchpadMemory.equals(library.scratchpad())) {
      scratchpadMemory = library.scratchpad();
      check(dnnl.dnnl_memory_set_data_handle(scratchpad.get(), scratchpadMemory));
    }
    check(dnnl.dnnl_primitive_execute(handle, stream, count, arguments));
  }

  static void check(int status) {
    if (status != dnnl.dnnl_success) {
      throw new IllegalStateException("oneDNN refused an operation with status " + status);
    }
  }
}
