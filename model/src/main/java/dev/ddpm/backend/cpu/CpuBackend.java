package dev.ddpm.backend.cpu;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cpu.onednn.OneDnn;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.Nd4jNatives;
import java.util.Optional;

/**
 * Vector API code and oneDNN on the memory of ND4J's arrays: float32 where ND4J computes on the
 * CPU, bfloat16 where oneDNN has instructions for it. Convolutions and products in float32 are
 * ND4J's where the class path has no natives of oneDNN that this machine loads.
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
    return Nd4jNatives.isCpu()
        && ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()
        && computesIn(precision);
  }

  private static boolean computesIn(Precision precision) {
    return switch (precision) {
      case FLOAT32 -> true;
      case BFLOAT16 -> OneDnn.hasBfloat16();
      case TF32, FLOAT64 -> false;
    };
  }

  @Override
  public Nd4jEngine create(Precision precision) {
    Nd4jNatives.select();
    return switch (precision) {
      case FLOAT32 -> new CpuEngine(precision, kernels(), OneDnn.create());
      case BFLOAT16 -> new CpuEngine(precision, kernels(), Optional.of(bfloat16()));
      case TF32, FLOAT64 ->
          throw DdpmException.environment(
              "The vector kernels compute on float32 values alone, not in %s.", precision);
    };
  }

  private static OneDnn bfloat16() {
    return OneDnn.createBfloat16().orElseThrow(() -> Backends.refusal(Precision.BFLOAT16));
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
  public String describe(Precision precision) {
    return "%s, %s, %s"
        .formatted(
            Nd4jNatives.describe(),
            kernels().describe(),
            precision == Precision.BFLOAT16 ? OneDnn.describeBfloat16() : OneDnn.describe());
  }
}
