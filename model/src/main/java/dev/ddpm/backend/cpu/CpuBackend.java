package dev.ddpm.backend.cpu;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cpu.onednn.OneDnn;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.Nd4jNatives;

/**
 * Vector API code and oneDNN on the memory of ND4J's arrays: float32 where ND4J computes on the
 * CPU. Convolutions and products are ND4J's where the class path has no natives of oneDNN that this
 * machine loads.
 */
public final class CpuBackend implements Nd4jBackend {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /** By name, because the class must not be linked where the module is missing. */
  private static final String VECTOR_KERNELS = "dev.ddpm.backend.cpu.vector.VectorKernels";

  @Override
  public int rank() {
    return 1;
  }

  @Override
  public boolean serves(Precision precision) {
    return precision == Precision.FLOAT32
        && Nd4jNatives.isCpu()
        && ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
  }

  @Override
  public Nd4jEngine create(Precision precision) {
    if (precision != Precision.FLOAT32) {
      throw DdpmException.environment(
          "The vector kernels compute in %s alone, not in %s.", Precision.FLOAT32, precision);
    }
    Nd4jNatives.select();
    return new CpuEngine(kernels(), OneDnn.create());
  }

  private static CpuKernels kernels() {
    try {
      return Class.forName(VECTOR_KERNELS)
          .asSubclass(CpuKernels.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ReflectiveOperationException | LinkageError e) {
      throw DdpmException.environment(
          e, "The vector kernels need a JVM started with --add-modules=%s.", VECTOR_MODULE);
    }
  }

  @Override
  public String describe() {
    return "%s, %s, %s".formatted(Nd4jNatives.describe(), kernels().describe(), OneDnn.describe());
  }
}
