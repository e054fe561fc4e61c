package dev.ddpm.spark.train;

import dev.ddpm.spark.runtime.Floats;
import dev.ddpm.spark.runtime.WireFormat;
import java.io.Serializable;

/**
 * What a round starts from, and what every worker ends it with.
 *
 * @param parameters flat weights, in the order of the graph
 * @param updater flat optimiser state (Adam: all first moments, then all second moments); empty for
 *     an optimiser without state
 * @param step optimiser steps made so far
 */
record ModelState(Floats parameters, Floats updater, long step) implements Serializable {

  /** Length of parameters and updater state together. */
  int size() {
    return parameters.values().length + updater.values().length;
  }

  /** Whether all values are finite. */
  boolean isFinite() {
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

  /** The same arrays, with an optimiser state that travels in a format. */
  ModelState withUpdaterIn(WireFormat format) {
    return new ModelState(parameters, new Floats(updater.values(), format), step);
  }

  /** Makes the weights their difference from others. */
  void subtract(Floats others) {
    for (int i = 0; i < others.values().length; i++) {
      parameters.values()[i] -= others.values()[i];
    }
  }

  /** Makes differences from other weights weights again. */
  void add(Floats others) {
    for (int i = 0; i < others.values().length; i++) {
      parameters.values()[i] += others.values()[i];
    }
  }

  /** Copies a range of the concatenation of parameters and updater state. */
  float[] slice(int from, int length) {
    float[] slice = new float[length];
    int boundary = parameters.values().length;
    int first = Math.max(0, Math.min(length, boundary - from));
    System.arraycopy(parameters.values(), Math.min(from, boundary), slice, 0, first);
    System.arraycopy(updater.values(), Math.max(0, from - boundary), slice, first, length - first);
    return slice;
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
