package dev.ddpm.spark.cluster;

import dev.ddpm.backend.BackendChoice;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Things that are costly to build and serve one task at a time, such as model replicas. Broadcast
 * once, a pool arrives empty on every executor, and what is built there stays there from task to
 * task. It holds as many as tasks have ever run at the same time.
 *
 * <p>Spark closes what it has broadcast when an executor forgets it: then, and when its work has
 * failed, what was built is closed if it can be, so that a card gets its memory back at once.
 */
public final class ExecutorPool<T> implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(ExecutorPool.class);

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

  private transient boolean closed;

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
      boolean usable = false;
      try {
        R result = work.with(pooled);
        usable = true;
        return result;
      } finally {
        if (!usable || !giveBack(card, pooled)) {
          close(pooled);
        }
      }
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

  /** Whether the pool takes it: a closed one keeps nothing. */
  private synchronized boolean giveBack(TaskCard card, T pooled) {
    if (closed) {
      return false;
    }
    if (idle == null) {
      idle = new HashMap<>();
    }
    idle.computeIfAbsent(card.number(), absent -> new ArrayDeque<>()).push(pooled);
    return true;
  }

  private static void close(Object pooled) {
    if (pooled instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (Exception e) {
        // why the work has failed is what counts
        LOG.warn("{} cannot be closed", pooled.getClass().getName(), e);
      }
    }
  }

  /**
   * Closes what is idle, and from now on what a task is done with. Work goes on nevertheless: Spark
   * also closes what it moves to a disk.
   */
  @Override
  public void close() {
    Map<Integer, Deque<T>> left;
    synchronized (this) {
      closed = true;
      left = idle;
      idle = null;
    }
    if (left != null) {
      left.values().forEach(pooled -> pooled.forEach(ExecutorPool::close));
    }
  }
}
