package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.cpu.memory.CpuTensor;
import dev.ddpm.backend.cpu.memory.ForeignMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the primitives of one network share: oneDNN's engine and stream, and memory. Not
 * thread-safe.
 */
public final class OneDnn {
  /** Bytes of a cache line, at whose beginning memory starts. */
  private static final int ALIGNMENT = 64;

  private static final Logger LOG = LoggerFactory.getLogger(OneDnn.class);

  private final engine cpu = new engine(engine.kind.cpu, 0);
  private final stream queue = new stream(cpu);
  private final primitive_attr attributes = attributes(false);
  private final Map<String, Pointer> staging = new HashMap<>();

  /** What JavaCPP would free if nothing in Java held it. */
  private final List<BytePointer> allocated = new ArrayList<>();

  /** By the address of the weights. */
  private final Map<Long, List<Kept>> kept = new HashMap<>();

  private boolean constantWeights;

  private BytePointer scratch = new BytePointer();
  private Pointer scratchpad = new Pointer();

  private final memory.data_type factorType;

  private OneDnn(memory.data_type factorType) {
    this.factorType = factorType;
  }

  /** A new one for a network; empty where the class path has no natives that this machine loads. */
  public static Optional<OneDnn> create() {
    return Version.LOADED == null
        ? Optional.empty()
        : Optional.of(new OneDnn(memory.data_type.f32));
  }

  /**
   * The same for a network whose factors are rounded to bfloat16; empty also where the CPU has
   * {@linkplain #hasBfloat16 no instructions} for them.
   */
  public static Optional<OneDnn> createBfloat16() {
    return hasBfloat16() ? Optional.of(new OneDnn(memory.data_type.bf16)) : Optional.empty();
  }

  /** Whether there are natives, and a CPU that multiplies bfloat16: AVX512-bf16 or AMX. */
  public static boolean hasBfloat16() {
    return Version.LOADED != null && hasInstructions(dnnl.dnnl_cpu_isa_avx512_core_bf16);
  }

  private static boolean hasInstructions(int set) {
    return (dnnl.dnnl_get_effective_cpu_isa() & set) == set;
  }

  /** The type in which convolutions and products see their factors. */
  memory.data_type factorType() {
    return factorType;
  }

  /** For the start-up report. */
  public static String describe() {
    return Version.LOADED == null ? "no oneDNN" : "oneDNN " + Version.LOADED;
  }

  /** The same on what multiplies bfloat16, where something does. */
  public static String describeBfloat16() {
    String instructions =
        hasInstructions(dnnl.dnnl_cpu_isa_avx512_core_amx) ? "AMX" : "AVX512-bf16";
    return "%s, bfloat16 by %s".formatted(describe(), instructions);
  }

  /**
   * Promises that no weight changes any more, before the first pass: primitives then keep weights
   * as they transform them.
   */
  public void keepWeights() {
    constantWeights = true;
  }

  boolean hasConstantWeights() {
    return constantWeights;
  }

  /** Weights as some primitives want them. */
  private record Kept(memory.desc dense, memory.desc layout, Operand operand) {}

  /** An operand of constant weights; primitives for other batch sizes share it if they can. */
  Operand kept(CpuTensor weights, memory.desc dense, memory.desc layout) {
    List<Kept> copies = kept.computeIfAbsent(weights.address(), absent -> new ArrayList<>());
    for (Kept copy : copies) {
      if (copy.dense().equals(dense) && copy.layout().equals(layout)) {
        return copy.operand();
      }
    }
    Operand operand = Operand.kept(this, dense, layout);
    copies.add(new Kept(dense, layout, operand));
    return operand;
  }

  private static final class Version {
    /** Null if there is none. */
    static final String LOADED = load();

    private static String load() {
      try {
        dnnl_version_t version = dnnl.dnnl_version();
        return "%d.%d.%d".formatted(version.major(), version.minor(), version.patch());
      } catch (LinkageError e) {
        LOG.info("Convolutions are those of ND4J: oneDNN cannot be loaded ({})", e.getMessage());
        return null;
      }
    }
  }

  engine engine() {
    return cpu;
  }

  stream stream() {
    return queue;
  }

  /** Attributes of a primitive that overwrites its result. */
  primitive_attr attributes() {
    return attributes;
  }

  /**
   * New attributes of a primitive, which takes its scratch memory from {@link #scratchpad}.
   *
   * @param sum whether it adds to its result instead of overwriting it
   */
  static primitive_attr attributes(boolean sum) {
    var attributes = new primitive_attr();
    attributes.set_scratchpad_mode(dnnl.scratchpad_mode.user);
    if (sum) {
      var addition = new post_ops();
      addition.append_sum();
      attributes.set_post_ops(addition);
    }
    return attributes;
  }

  /** Describes an array by its type, its sizes and the order in which these lie in memory. */
  static memory.desc descriptor(memory.data_type type, memory.format_tag order, long... sizes) {
    return new memory.desc(sizes, type, order);
  }

  /** Memory that outlives no operation, large enough for every one that asked for it. */
  Pointer scratchpad() {
    return scratchpad;
  }

  void reserveScratchpad(long bytes) {
    if (bytes + ALIGNMENT > scratch.capacity()) {
      scratch.deallocate();
      scratch = new BytePointer(bytes + ALIGNMENT);
      scratchpad = aligned(scratch);
    }
  }

  /** Memory for an array in a primitive's layout; equal roles and sizes share it. */
  Pointer staging(String role, long bytes) {
    return staging.computeIfAbsent(role + " " + bytes, absent -> allocate(bytes));
  }

  /** Memory of one operand alone. */
  Pointer allocate(long bytes) {
    var block = new BytePointer(bytes + ALIGNMENT);
    allocated.add(block);
    return aligned(block);
  }

  private static Pointer aligned(BytePointer block) {
    return new ForeignMemory((block.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  }
}
