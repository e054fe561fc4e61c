package dev.ddpm.spark.train.dl4j;

import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.spark.train.round.EpochRows;
import dev.ddpm.spark.train.round.ImageBatch;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.RoundListener;
import dev.ddpm.spark.train.round.TrainingSetup;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.RoundPlan;
import dev.ddpm.training.TrainingSpec;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;

/** Training by parameter averaging through dl4j-spark, epoch by epoch. */
public final class AveragedTraining {
  private final ComputationGraph graph;
  private final AveragingMaster master;
  private final SparkComputationGraph network;

  /**
   * Training that has not begun.
   *
   * @param driver the driver's network, from {@link #driver}
   * @param plan who uses what
   * @param wire how states travel
   * @param outer what is made of the averaged weights
   * @param replicas the replicas of every executor
   * @param initial state to start from
   * @param firstRound round of the first epoch to start with
   * @param listener told after every round
   */
  public AveragedTraining(
      JavaSparkContext spark,
      TrainableNetwork driver,
      RoundPlan plan,
      WireFormat wire,
      OuterOptimiser outer,
      Broadcast<ExecutorPool<Replica>> replicas,
      ModelState initial,
      int firstRound,
      RoundListener listener) {
    this.graph = Dl4jNetwork.graphOf(driver);
    this.master = new AveragingMaster(plan, wire, outer, replicas, initial, firstRound, listener);
    this.network = new SparkComputationGraph(spark, graph, master);
  }

  /**
   * The driver's network: a graph of DL4J's, which DL4J on Spark wants to be handed, whatever the
   * workers compute with.
   */
  public static TrainableNetwork driver(TrainingSetup setup) {
    TrainingSpec training = setup.training();
    return Dl4jNetwork.create(
        setup.architecture(),
        training.seed(),
        training.optimiser(),
        training.learningRate(),
        setup.saving());
  }

  /**
   * Trains one epoch, or what is left of the first.
   *
   * @param epoch its number
   * @param rows its images, in the partitions that {@link EpochRows} makes
   * @return whether the listener wants to go on
   */
  public boolean epoch(long epoch, JavaRDD<ImageBatch> rows) {
    graph.getConfiguration().setEpochCount((int) epoch);
    network.fitMultiDataSet(ImageMinibatch.of(rows));
    return !master.stopped();
  }
}
