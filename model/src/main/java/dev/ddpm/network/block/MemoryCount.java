package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Adds up what the blocks of a network keep in memory. */
public final class MemoryCount {
  private final Tally training = new Tally();
  private final Tally inference = new Tally();
  private final Map<String, Long> largest = new HashMap<>();
  private long recomputed;
  private long remembered;
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

  /**
   * Counts an array of so many values that training has from {@link Engine#kept(String, long...)},
   * in the order in which blocks are computed.
   */
  void remember(String role, long length) {
    training.own(length);
    remembered += length;
    if (length > largest.getOrDefault(role, 0L)) {
      largest.put(role, length);
      // Blocks before this one go on with what they have.
      recomputed += length;
    }
  }

  /** Values per image that training takes if blocks recompute. */
  public long recomputingValues() {
    return training.values() - remembered + recomputed;
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
