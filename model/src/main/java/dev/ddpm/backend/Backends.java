package dev.ddpm.backend;

import dev.ddpm.DdpmException;
import java.util.Comparator;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/** The back ends on the class path. */
public final class Backends {
  private Backends() {}

  /**
   * The back end of the highest rank that serves.
   *
   * @param kind what the caller must know of it, or {@link Backend} itself
   * @throws DdpmException (environment) if none serves
   */
  public static <B extends Backend> B best(Class<B> kind, Precision precision) {
    return all()
        .filter(backend -> !backend.onRequest())
        .filter(kind::isInstance)
        .map(kind::cast)
        .sorted(Comparator.comparingInt(B::rank).reversed())
        .filter(backend -> backend.serves(precision))
        .findFirst()
        .orElseThrow(() -> refusal(precision));
  }

  private static Stream<Backend> all() {
    // not the thread's loader, which in a task of Spark need not see the jar of this class
    return ServiceLoader.load(Backend.class, Backends.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get);
  }

  /**
   * The back end for what a user wants.
   *
   * @return for {@link DeviceChoice#CUDA} also one that does not serve here: it tells why when it
   *     is used, which on a cluster may be on another machine
   * @throws DdpmException (environment) if none serves
   */
  public static Backend of(DeviceChoice device, Precision precision) {
    return switch (device) {
      case CPU -> best(Backend.class, precision);
      case CUDA -> onRequest().findFirst().orElseThrow(() -> refusal(precision));
      case AUTO ->
          onRequest()
              .filter(backend -> backend.serves(precision))
              .findFirst()
              .orElseGet(() -> best(Backend.class, precision));
    };
  }

  /** Why cards do not serve that this machine seems to have; empty if they do, or it has none. */
  static Optional<String> passedOver(Precision precision) {
    return onRequest()
        .filter(CardBackend.class::isInstance)
        .findFirst()
        .flatMap(backend -> ((CardBackend) backend).refusal(precision));
  }

  private static Stream<Backend> onRequest() {
    return all().filter(Backend::onRequest);
  }

  /** What a process is told in which nothing computes in a precision. */
  public static DdpmException refusal(Precision precision) {
    if (precision == Precision.BFLOAT16) {
      return DdpmException.environment(
          "bfloat16 cannot be computed on this machine: that takes a CPU with AVX512-bf16 or AMX"
              + " (Intel from Cooper Lake or Sapphire Rapids on, AMD from Zen 4 on), a job jar with"
              + " oneDNN, and a JVM with --add-modules=jdk.incubator.vector. Sample with"
              + " backend.precision = float32.");
    }
    if (precision == Precision.TF32) {
      return DdpmException.environment(
          "TF32 is computed on NVIDIA cards alone: set backend.device = cuda, or backend.precision"
              + " = float32.");
    }
    return DdpmException.environment(
        "No back end on the class path computes in %s here: META-INF/services/%s must name one that"
            + " does.",
        precision, Backend.class.getName());
  }
}
