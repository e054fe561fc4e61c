package dev.ddpm.spark.cluster;

import dev.ddpm.backend.BackendChoice;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Things that are costly to build and serve one task at a time, such as model replicas. Broadcast
 * once, a pool arrives empty on every executor, and what is built there stays there from task to
 * task. It holds as many as tasks have ever run at the same time.
 */
public final class ExecutorPool<T> implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Builds one. */
  @FunctionalInterface
  public interface Factory<T> extends Serializable {
    /** A new one, for one task at a time. */
    T create();
  }

  /** What a task does with one. */
  @FunctionalInterface
  public interface Work<T, R, X extends Exception> {
    /** The result; the thing itself must not be kept. */
    R with(T pooled) throws X;
  }

  private final Factory<T> factory;
  private final BackendChoice backend;

  /** By the number of the card that they are on. */
  private transient Map<Integer, Deque<T>> idle;

  /** An empty pool of what computes no networks, or those on the CPU. */
  public ExecutorPool(Factory<T> factory) {
    this(factory, BackendChoice.DEFAULT);
  }

  /**
   * An empty pool.
   *
   * @param backend what those of the factory compute with
   */
  public ExecutorPool(Factory<T> factory, BackendChoice backend) {
    this.factory = factory;
    this.backend = backend;
  }

  /**
   * Works with an idle one, or a new one, on the {@linkplain TaskCard card} of the task if it
   * computes on one. One whose work fails does not come back into the pool: nobody knows what state
   * it is in.
   */
  public <R, X extends Exception> R use(Work<? super T, R, X> work) throws X {
    WarmUp.end();
    try (TaskCard card = TaskCard.take(backend)) {
      T pooled = take(card);
      R result = work.with(pooled);
      giveBack(card, pooled);
      return result;
    }
  }

  private T take(TaskCard card) {
    synchronized (this) {
      Deque<T> there = idle == null ? null : idle.get(card.number());
      if (there != null && !there.isEmpty()) {
        return there.pop();
      }
    }
    return factory.create();
  }

  private synchronized void giveBack(TaskCard card, T pooled) {
    if (idle == null) {
      idle = new HashMap<>();
    }
    idle.computeIfAbsent(card.number(), absent -> new ArrayDeque<>()).push(pooled);
  }
}
