package dev.ddpm.spark.train.round;

import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.cluster.WireFormat;
import java.io.Serializable;

/**
 * What a round starts from, and what every worker ends it with.
 *
 * @param parameters flat weights, in the order of the graph
 * @param updater flat optimiser state (Adam: all first moments, then all second moments); empty for
 *     an optimiser without state
 * @param momentum that of the outer optimiser, which the driver keeps for itself; empty for none
 * @param step optimiser steps made so far
 */
public record ModelState(WireFloats parameters, WireFloats updater, WireFloats momentum, long step)
    implements Serializable {
  private static final WireFloats NONE = new WireFloats(new float[0]);

  /** A state as workers know it: without the momentum of an outer optimiser. */
  public ModelState(WireFloats parameters, WireFloats updater, long step) {
    this(parameters, updater, NONE, step);
  }

  /** Length of parameters and updater state together, which is what travels. */
  int size() {
    return parameters.values().length + updater.values().length;
  }

  /** Whether all values are finite. */
  public boolean isFinite() {
    return isFinite(parameters.values()) && isFinite(updater.values());
  }

  private static boolean isFinite(float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  /** The same arrays as workers know them, with an optimiser state that travels in a format. */
  ModelState forWorkers(WireFormat format) {
    return new ModelState(parameters, new WireFloats(updater.values(), format), step);
  }

  /** Makes the weights their difference from others. */
  void subtract(WireFloats others) {
    addScaled(-1, others.values());
  }

  /** Makes differences from other weights weights again. */
  void add(WireFloats others) {
    addScaled(1, others.values());
  }

  private void addScaled(float factor, float[] others) {
    float[] weights = parameters.values();
    for (int i = 0; i < weights.length; i++) {
      weights[i] += factor * others[i];
    }
  }

  /**
   * A range of the concatenation of parameters and updater state, to be sent in a format: not a
   * copy, unless it reaches into both.
   */
  WireFloats slice(int from, int length, WireFormat format) {
    int boundary = parameters.values().length;
    if (from + length <= boundary) {
      return new WireFloats(parameters.values(), from, length, format);
    }
    if (from >= boundary) {
      return new WireFloats(updater.values(), from - boundary, length, format);
    }
    float[] slice = new float[length];
    System.arraycopy(parameters.values(), from, slice, 0, boundary - from);
    System.arraycopy(updater.values(), 0, slice, boundary - from, from + length - boundary);
    return new WireFloats(slice, format);
  }

  /** Overwrites a range of the concatenation of parameters and updater state. */
  void set(int from, float[] slice) {
    int boundary = parameters.values().length;
    int first = Math.max(0, Math.min(slice.length, boundary - from));
    System.arraycopy(slice, 0, parameters.values(), Math.min(from, boundary), first);
    System.arraycopy(
        slice, first, updater.values(), Math.max(0, from - boundary), slice.length - first);
  }
}
