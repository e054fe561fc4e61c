package dev.ddpm.backend;

import dev.ddpm.DdpmException;
import java.util.Comparator;
import java.util.ServiceLoader;

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
    // not the thread's loader, which in a task of Spark need not see the jar of this class
    return ServiceLoader.load(Backend.class, Backends.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .filter(kind::isInstance)
        .map(kind::cast)
        .sorted(Comparator.comparingInt(B::rank).reversed())
        .filter(backend -> backend.serves(precision))
        .findFirst()
        .orElseThrow(
            () ->
                DdpmException.environment(
                    "No back end on the class path computes in %s here: META-INF/services/%s must"
                        + " name one that does.",
                    precision, Backend.class.getName()));
  }

  /** The line for the start-up report on the back end that a float32 network uses. */
  public static String describe() {
    return best(Backend.class, Precision.FLOAT32).describe();
  }
}
