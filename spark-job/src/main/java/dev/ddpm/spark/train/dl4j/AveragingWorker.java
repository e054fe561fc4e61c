package dev.ddpm.spark.train.dl4j;

import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.train.round.ImageBatch;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.WorkerStats;
import dev.ddpm.training.Replica;
import java.util.Collection;
import java.util.Iterator;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.api.WorkerConfiguration;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingWorker;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * One worker in one round: loads the averaged state into a replica, makes its optimiser steps and
 * hands back the state it has arrived at.
 *
 * <p>Against the stock worker it keeps the step counter (which DL4J's configuration clone loses),
 * loads and returns the optimiser's moments, draws the noise itself for every step, and reports the
 * loss of all minibatches instead of the last. After a loss that is not finite it makes no more
 * steps.
 */
final class AveragingWorker extends ParameterAveragingTrainingWorker {
  private static final long serialVersionUID = 1L;

  private final Broadcast<ExecutorPool<Replica>> replicas;
  private final Broadcast<ModelState> state;
  private final long epoch;
  private final int number;
  private final Collection<TrainingHook> hooks;

  private transient Replica replica;
  private transient long rows;
  private transient long skipped;
  private transient boolean finite = true;
  private transient int steps;
  private transient double lossSum;
  private transient long computeNanos;
  private transient long loadNanos;
  private transient long begin;

  /**
   * A worker.
   *
   * @param replicas the model replicas of the JVM it will run in
   * @param state what the round starts from
   * @param epoch number of the epoch, which keys what is drawn for an image
   * @param number of the worker, 0..workers−1
   * @param hooks told before and after every optimiser step
   */
  AveragingWorker(
      Broadcast<ExecutorPool<Replica>> replicas,
      Broadcast<ModelState> state,
      long epoch,
      int number,
      Collection<TrainingHook> hooks) {
    super(null, true, new WorkerConfiguration(true, 1, 1, 0, 0, false), null, null, null);
    this.replicas = replicas;
    this.state = state;
    this.epoch = epoch;
    this.number = number;
    this.hooks = hooks;
  }

  /** All minibatches of the worker, one after the other. */
  RoundResult run(Iterator<MultiDataSet> minibatches) {
    ComputationGraph graph = getInitialModelGraph();
    while (minibatches.hasNext()) {
      processMinibatch(minibatches.next(), graph, false);
    }
    RoundResult result = getFinalResult(graph);
    replicas.value().release(replica);
    return result;
  }

  @Override
  public ComputationGraph getInitialModelGraph() {
    begin = System.nanoTime();
    ModelState initial = state.value();
    replica = replicas.value().acquire();
    replica
        .network()
        .load(initial.parameters().values(), initial.updater().values(), initial.step());
    loadNanos = System.nanoTime() - begin;
    return Dl4jNetwork.graphOf(replica.network());
  }

  @Override
  public RoundResult processMinibatch(MultiDataSet dataSet, ComputationGraph graph, boolean last) {
    if (!(dataSet instanceof ImageMinibatch minibatch)) {
      throw new IllegalArgumentException(
          "%s: this worker takes minibatches of images as EpochRows makes them."
              .formatted(dataSet.getClass().getName()));
    }
    if (finite) {
      step(minibatch, graph);
    } else {
      skipped += minibatch.images().ids().length;
    }
    return last ? getFinalResult(graph) : null;
  }

  private void step(ImageMinibatch minibatch, ComputationGraph graph) {
    ImageBatch images = minibatch.images();
    hooks.forEach(hook -> hook.preUpdate(minibatch, graph));
    long start = System.nanoTime();
    double loss = replica.step(epoch, images.ids(), images.pixels());
    computeNanos += System.nanoTime() - start;
    finite = Double.isFinite(loss);
    if (finite) {
      lossSum += loss * images.ids().length;
      rows += images.ids().length;
      steps++;
    } else {
      skipped += images.ids().length;
    }
    hooks.forEach(hook -> hook.postUpdate(minibatch, graph));
  }

  @Override
  public RoundResult getFinalResult(ComputationGraph graph) {
    var arrived =
        new ModelState(
            new WireFloats(replica.network().parameters()),
            new WireFloats(replica.network().updaterState()),
            replica.network().steps());
    return new RoundResult(
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
  }
}
