package dev.ddpm.spark.cluster;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;

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
  private transient Deque<T> idle;

  /** An empty pool. */
  public ExecutorPool(Factory<T> factory) {
    this.factory = factory;
  }

  /**
   * Works with an idle one, or a new one, on the task's GPU if it has one. Tasks of an executor
   * share its pool, so that an executor has one GPU at most. One whose work fails does not come
   * back into the pool: nobody knows what state it is in.
   */
  public <R, X extends Exception> R use(Work<? super T, R, X> work) throws X {
    T pooled = take();
    R result = work.with(pooled);
    giveBack(pooled);
    return result;
  }

  private T take() {
    WarmUp.end();
    TaskGpu.use();
    synchronized (this) {
      if (idle != null && !idle.isEmpty()) {
        return idle.pop();
      }
    }
    return factory.create();
  }

  private synchronized void giveBack(T pooled) {
    if (idle == null) {
      idle = new ArrayDeque<>();
    }
    idle.push(pooled);
  }
}
