package dev.ddpm.spark.train.round;

import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.training.Replica;
import java.util.Iterator;
import org.apache.spark.broadcast.Broadcast;

/**
 * One worker in one round: loads the averaged state into a replica, makes its optimiser steps and
 * hands back the state it has arrived at. After a loss that is not finite it makes no more steps.
 */
final class RoundWorker {

  /**
   * What a worker returns at the end of a round.
   *
   * @param state that it has arrived at
   * @param stats what it did
   */
  record Result(ModelState state, WorkerStats stats) {}

  private final int number;
  private final StepHook hook;

  private long rows;
  private long skipped;
  private boolean finite = true;
  private int steps;
  private double lossSum;
  private long computeNanos;

  /**
   * A worker that has done nothing yet.
   *
   * @param number of the worker, 0..workers−1
   * @param hook told around every step
   */
  RoundWorker(int number, StepHook hook) {
    this.number = number;
    this.hook = hook;
  }

  /**
   * Makes the steps of the round; call it once.
   *
   * @param replicas of this JVM
   * @param start what the round starts from, received when it is asked for
   * @param batches the images of the worker's steps, in their order
   */
  Result run(
      ExecutorPool<Replica> replicas, Broadcast<ModelState> start, Iterator<ImageBatch> batches) {
    long begin = System.nanoTime();
    ModelState initial = start.value();
    return replicas.use(
        replica -> {
          TrainableNetwork network = replica.network();
          network.load(initial.parameters().values(), initial.updater().values(), initial.step());
          long loadNanos = System.nanoTime() - begin;
          batches.forEachRemaining(images -> take(replica, images));
          var arrived =
              new ModelState(
                  new WireFloats(network.parameters()),
                  new WireFloats(network.updaterState()),
                  network.steps());
          return new Result(
              arrived,
              new WorkerStats(
                  number,
                  rows,
                  skipped,
                  steps,
                  lossSum,
                  finite && arrived.isFinite(),
                  computeNanos,
                  loadNanos,
                  System.nanoTime() - begin));
        });
  }

  private void take(Replica replica, ImageBatch images) {
    if (finite) {
      step(replica, images);
    } else {
      skipped += images.ids().length;
    }
  }

  private void step(Replica replica, ImageBatch images) {
    hook.before(images, replica.network());
    long start = System.nanoTime();
    double loss = replica.step(images.uses(), images.ids(), images.pixels(), images.labels());
    computeNanos += System.nanoTime() - start;
    finite = Double.isFinite(loss);
    if (finite) {
      lossSum += loss * images.ids().length;
      rows += images.ids().length;
      steps++;
    } else {
      skipped += images.ids().length;
    }
    hook.after(images, replica.network());
  }
}
