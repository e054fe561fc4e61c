package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import java.util.BitSet;

/**
 * The cards of a process whose tasks Spark gives none to: each computes for one task at a time, and
 * the others wait.
 */
final class CardTurns {
  private final BitSet taken = new BitSet();

  /** The first of so many cards that is free, as soon as one is. */
  synchronized int take(int cards) {
    while (taken.nextClearBit(0) >= cards) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw DdpmException.environment(e, "Interrupted while waiting for a GPU.");
      }
    }
    int card = taken.nextClearBit(0);
    taken.set(card);
    return card;
  }

  synchronized void giveBack(int card) {
    taken.clear(card);
    notifyAll();
  }
}
