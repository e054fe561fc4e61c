package dev.ddpm.network.block;

import java.util.HashSet;
import java.util.Set;

/** Adds up what the blocks of a network keep in memory. */
public final class MemoryCount {
  private final Tally training = new Tally();
  private final Tally inference = new Tally();
  private long keptWeights;

  /** Values per image: arrays of blocks, and scratch memory, which equal shapes share. */
  public static final class Tally {
    private final Set<String> scratch = new HashSet<>();
    private long values;

    private Tally() {}

    /** Counts an array of so many values that a block has to itself. */
    void own(long length) {
      values += length;
    }

    /** Counts an array of so many values that blocks share which use it in the same role. */
    void share(String role, long length) {
      if (scratch.add(role + " " + length)) {
        values += length;
      }
    }

    /** Values per image so far. */
    public long values() {
      return values;
    }
  }

  /** What training takes: arrays that the backward pass reads, and gradients. */
  public Tally training() {
    return training;
  }

  /** What a pretrained network takes. */
  public Tally inference() {
    return inference;
  }

  /** Counts values that kernels make of the weights of a pretrained network, and keep. */
  void keep(long length) {
    keptWeights += length;
  }

  /** Values that kernels keep so far. */
  public long keptWeights() {
    return keptWeights;
  }
}
