package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import java.io.PrintWriter;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * What every job does on a cluster, whatever it computes: the self-check, the memory check, models
 * on the executors, a name and a display for what runs. Closing it takes away from the cluster what
 * the job has put there, last things first.
 */
public final class ClusterJob implements AutoCloseable {
  private final JavaSparkContext spark;
  private final BackendChoice backend;
  private final RuntimeCheck.Found found;
  private final Deque<Runnable> cleanUp = new ArrayDeque<>();

  private ClusterJob(JavaSparkContext spark, BackendChoice backend, RuntimeCheck.Found found) {
    this.spark = spark;
    this.backend = backend;
    this.found = found;
  }

  /**
   * Checks the cluster and tells what was found.
   *
   * @param backend what the job's networks compute with
   * @throws DdpmException (environment) if executors run another build than the driver, or their
   *     tensor library does not start or cannot compute so; (user) if Spark serialises in another
   *     way than Java's
   */
  public static ClusterJob start(JavaSparkContext spark, BackendChoice backend) {
    return new ClusterJob(spark, backend, RuntimeCheck.run(spark, backend));
  }

  /** The application that the job is part of. */
  public JavaSparkContext spark() {
    return spark;
  }

  /** Tasks that the cluster computes at a time, at least 1. */
  public int slots() {
    return found.slots();
  }

  /** What its networks are computed with, in one line. */
  public String backend() {
    return found.backend();
  }

  /**
   * Compares what the job needs with what the cluster's machines have.
   *
   * @throws DdpmException (user) if it is too much, naming what would do
   */
  public void require(MemoryNeeds needs) {
    MemoryBudget.check(spark, found, needs);
  }

  /**
   * Chooses how to work: the first way whose needs the cluster's machines meet.
   *
   * @param ways at least one, the best first
   * @throws DdpmException (environment) if none fits, naming what the last one lacks and what would
   *     do
   */
  public <T> T firstFitting(List<T> ways, Function<T, MemoryNeeds> needs) {
    return MemoryBudget.firstFitting(spark, found, ways, needs);
  }

  /** Sends what tasks build their models from; they are built where and when they are used. */
  public <T> Broadcast<ExecutorPool<T>> pool(ExecutorPool.Factory<T> factory) {
    return broadcast(new ExecutorPool<>(factory, backend));
  }

  /** Sends a value to all tasks until the job is closed. */
  public <T extends Serializable> Broadcast<T> broadcast(T value) {
    Broadcast<T> sent = spark.broadcast(value);
    cleanUp.push(sent::destroy);
    return sent;
  }

  /**
   * Names what runs from here on in Spark's log and web interface.
   *
   * @param group a word for the kind of job
   */
  public void describe(String group, String description) {
    spark.setJobGroup(group, description);
    cleanUp.push(spark::clearJobGroup);
  }

  /**
   * Shows how far the work on images is, until the job is closed.
   *
   * @param verb what is done to images, such as sampling
   * @param images how many
   * @param steps of each image
   * @param out receives the lines
   */
  public Watched watch(String verb, long images, int steps, PrintWriter out) {
    Watched watched = Watched.start(spark.sc(), verb, images, steps, out);
    cleanUp.push(watched::close);
    return watched;
  }

  /** Takes away all of it, also where one part cannot be taken away. */
  @Override
  public void close() {
    if (cleanUp.isEmpty()) {
      return;
    }
    try {
      cleanUp.pop().run();
    } finally {
      close();
    }
  }
}
