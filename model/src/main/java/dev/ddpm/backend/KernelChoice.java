package dev.ddpm.backend;

import dev.ddpm.DdpmException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Which implementation of {@link Kernels} a network uses. */
public enum KernelChoice {
  /** ND4J operations: every back end, every precision. */
  PORTABLE {
    @Override
    public Kernels create() {
      return new Nd4jKernels();
    }
  },

  /** Vector API code on the arrays' own memory: float32 on the CPU back end. */
  VECTOR {
    @Override
    public Kernels create() {
      try {
        return Class.forName(VECTOR_KERNELS)
            .asSubclass(Kernels.class)
            .getDeclaredConstructor()
            .newInstance();
      } catch (ReflectiveOperationException | LinkageError e) {
        throw DdpmException.environment(
            e, "The vector kernels need a JVM started with --add-modules=%s.", VECTOR_MODULE);
      }
    }
  };

  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /** By name, because the class must not be linked where the module is missing. */
  private static final String VECTOR_KERNELS = "dev.ddpm.backend.cpu.vector.VectorKernels";

  private static final String CPU_BACKEND = "CPU";

  /** New kernels for one network. */
  public abstract Kernels create();

  /** The fastest kernels that this process can use for arrays of a type. */
  public static KernelChoice best(DataType type) {
    NativeBackend.select();
    boolean cpu =
        CPU_BACKEND.equalsIgnoreCase(
            Nd4j.getExecutioner().getEnvironmentInformation().getProperty("backend"));
    boolean module = ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
    return type == DataType.FLOAT && cpu && module ? VECTOR : PORTABLE;
  }
}
