package dev.ddpm.backend;

import dev.ddpm.DdpmException;

/**
 * One way to compute networks: a library, or code of this project, with the tensors it works on.
 * Implementations are found by {@link java.util.ServiceLoader} and need a public constructor
 * without parameters.
 */
public interface Backend {

  /** Where several back ends serve, that with the highest rank is taken. */
  int rank();

  /** Whether it is used only where a user asks for it, whatever its rank. */
  default boolean onRequest() {
    return false;
  }

  /** Whether this machine and this process can compute with it in a precision. */
  boolean serves(Precision precision);

  /**
   * Creates what one network needs.
   *
   * @throws DdpmException (environment) if it does not {@linkplain #serves serve}, with the reason
   */
  Engine create(Precision precision);

  /** One line for the start-up report: library, natives, threads and kernels for a precision. */
  String describe(Precision precision);
}
