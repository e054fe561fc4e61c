package dev.ddpm.backend;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.Optional;

/**
 * What a user wants networks to be computed with; each process finds its own back end for it.
 *
 * @param device on what
 * @param precision in what
 */
public record BackendChoice(DeviceChoice device, Precision precision) implements Serializable {
  /** What there is for those who choose nothing. */
  public static final BackendChoice DEFAULT =
      new BackendChoice(DeviceChoice.CPU, Precision.FLOAT32);

  /**
   * The back end in this process.
   *
   * @throws DdpmException (environment) if none serves
   */
  public Backend backend() {
    return Backends.of(device, precision);
  }

  /**
   * One line for the start-up report.
   *
   * @throws DdpmException (environment) if none serves, with the reason
   */
  public String describe() {
    return backend().describe(precision);
  }

  /** The back end in this process if it computes on cards. */
  public Optional<CardBackend> cards() {
    if (device == DeviceChoice.CPU) {
      return Optional.empty();
    }
    return backend() instanceof CardBackend onCards ? Optional.of(onCards) : Optional.empty();
  }

  /** Why this process computes on the CPU although it may use a card and seems to have one. */
  public Optional<String> passedOver() {
    return device == DeviceChoice.AUTO ? Backends.passedOver(precision) : Optional.empty();
  }

  /** {@link #describe} in a process that need not compute, as the driver of a cluster need not. */
  public String describeIfThere() {
    if (device == DeviceChoice.CPU) {
      return describe();
    }
    try {
      return describe();
    } catch (DdpmException e) {
      return "no card here (%s)".formatted(e.getMessage());
    }
  }
}
