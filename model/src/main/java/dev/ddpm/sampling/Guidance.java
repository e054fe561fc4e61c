package dev.ddpm.sampling;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * How far a model is led away from what a weaker one says of the same images: its output is w +
 * s·(c − w), where c is what the model says and w what the weaker one does (Ho and Salimans, arXiv
 * 2207.12598; Karras et al., arXiv 2406.02507). Within an interval of timesteps; outside of it s is
 * 1 (Kynkäänniemi et al., arXiv 2404.07724).
 *
 * @param scale s: 1 is the model itself and 0 the weaker one, at least 0
 * @param from lowest timestep that is guided
 * @param to highest timestep that is guided, at least {@code from}
 */
public record Guidance(double scale, double from, double to) implements Serializable {

  /** The model itself. */
  public static final Guidance NONE = of(1);

  /**
   * Checks the numbers.
   *
   * @throws DdpmException (user) naming the one that is out of range
   */
  public Guidance {
    if (!(scale >= 0 && scale < Double.POSITIVE_INFINITY)) {
      throw DdpmException.user("scale = %s: must be a number, at least 0.", scale);
    }
    if (!(from <= to)) {
      throw DdpmException.user(
          "An interval of timesteps from %s to %s is none: the first must not be above the last.",
          from, to);
    }
  }

  /** The same at all timesteps. */
  public static Guidance of(double scale) {
    return new Guidance(scale, 0, Double.POSITIVE_INFINITY);
  }

  /** Whether it changes nothing at any timestep. */
  public boolean isNone() {
    return scale == 1;
  }

  /** Whether it is the same at all timesteps of any model. */
  public boolean isEverywhere() {
    return from <= 0 && to == Double.POSITIVE_INFINITY;
  }

  /** s at a timestep. */
  public double at(double timestep) {
    return timestep >= from && timestep <= to ? scale : 1;
  }
}
