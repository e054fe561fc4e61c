package dev.ddpm.spark.cluster;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;
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
  private transient Deque<T> idle;
  private transient boolean closed;

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
    boolean usable = false;
    try {
      R result = work.with(pooled);
      usable = true;
      return result;
    } finally {
      if (!usable || !giveBack(pooled)) {
        close(pooled);
      }
    }
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

  /** Whether the pool takes it: a closed one keeps nothing. */
  private synchronized boolean giveBack(T pooled) {
    if (closed) {
      return false;
    }
    if (idle == null) {
      idle = new ArrayDeque<>();
    }
    idle.push(pooled);
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
    Deque<T> left;
    synchronized (this) {
      closed = true;
      left = idle;
      idle = null;
    }
    if (left != null) {
      left.forEach(ExecutorPool::close);
    }
  }
}
