package dev.ddpm.backend;

import dev.ddpm.backend.cpu.CpuBackend;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.Nd4jNatives;
import dev.ddpm.backend.nd4j.PortableBackend;
import java.util.Arrays;
import java.util.stream.Stream;

/** The back ends, to force one whatever the machine. */
public enum TestedBackend {
  /** ND4J's operations. */
  PORTABLE,

  /** Vector API code and oneDNN. */
  CPU;

  /** Those that can compute here: the CPU's works on the memory of a CPU. */
  public static Stream<TestedBackend> here() {
    return Arrays.stream(values()).filter(one -> one == PORTABLE || !Nd4jNatives.isGpu());
  }

  /** The back end. */
  public Nd4jBackend backend() {
    return switch (this) {
      case PORTABLE -> new PortableBackend();
      case CPU -> new CpuBackend();
    };
  }

  /** A float32 engine for one network. */
  public Nd4jEngine engine() {
    return backend().create(Precision.FLOAT32);
  }
}
