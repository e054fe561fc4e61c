package dev.ddpm.spark.train.dl4j;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.spark.train.round.EpochRows;
import dev.ddpm.spark.train.round.ModelState;
import dev.ddpm.spark.train.round.Round;
import dev.ddpm.spark.train.round.TrainingSetup;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.OuterOptimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.RoundPlan;
import dev.ddpm.training.ShuffledOrder;
import dev.ddpm.training.TrainingSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;

/** Training of a network of no size on noise, with rounds of 16 images on two workers. */
public final class TinyTraining {
  public static final int ROWS = 44;
  public static final RoundPlan PLAN = new RoundPlan(ROWS, 2, 2, 4, 7);
  static final LabmlUNet UNET =
      new LabmlUNet(1, 8, 8, 8, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);
  private static final TrainingSpec TRAINING =
      new TrainingSpec(
          Prediction.EPSILON,
          LossWeighting.UNIFORM,
          TimestepShares.UNIFORM,
          DataRange.MINUS_ONE_TO_ONE,
          true,
          0.1,
          Optimiser.ADAM,
          LearningRate.constant(1e-3, 20),
          1.0,
          0.99,
          7);

  /** With momentum, which a round that is lost, repeated or left out must not move. */
  private static final OuterOptimiser OUTER = new OuterOptimiser(0.7, 0.5);

  private TinyTraining() {}

  /** Settings of executors that compile little, since they do little. */
  public static Map<String, String> executorSettings() {
    return LocalSpark.executorSettings("-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
  }

  /** What workers build their replicas from. */
  public static TrainingSetup setup() {
    return new TrainingSetup(UNET, SCHEDULE, TRAINING);
  }

  /** The image of every 8×8 row, most of them with a label from 0 to 2. */
  public static List<ImageRow> images() {
    return images(UNET);
  }

  private static List<ImageRow> images(Architecture network) {
    var random = new Random(1);
    return LongStream.range(0, ROWS)
        .mapToObj(
            id -> {
              byte[] pixels = new byte[network.imageShape().size()];
              random.nextBytes(pixels);
              return new ImageRow(id, pixels, id % 4 == 3 ? null : (int) (id % 4));
            })
        .toList();
  }

  /** The image that is used first in a step of a worker, in the first epoch. */
  static long imageOf(int round, int worker, int step) {
    return PLAN.order(0).at(PLAN.batchStart(round, worker, step));
  }

  /** Trains until the epochs are over or the listener says no. */
  static void train(
      JavaSparkContext spark,
      RoundPlan plan,
      int epochs,
      List<TrainingHook> hooks,
      Predicate<Round> listener) {
    train(spark, UNET, plan, epochs, hooks, listener);
  }

  private static void train(
      JavaSparkContext spark,
      Architecture architecture,
      RoundPlan plan,
      int epochs,
      List<TrainingHook> hooks,
      Predicate<Round> listener) {
    var setup = new TrainingSetup(architecture, SCHEDULE, TRAINING);
    Broadcast<ExecutorPool<Replica>> replicas = spark.broadcast(new ExecutorPool<>(setup));
    Replica driver = setup.create();
    var initial =
        new ModelState(
            new WireFloats(driver.network().parameters()),
            new WireFloats(driver.network().updaterState()),
            new WireFloats(OUTER.initialVelocity(driver.network().parameters().length)),
            0);
    var master =
        new AveragingMaster(plan, WireFormat.FLOAT32, OUTER, replicas, initial, 0, listener::test);
    hooks.forEach(master::addHook);
    var network = new SparkComputationGraph(spark, Dl4jNetwork.graphOf(driver.network()), master);
    JavaRDD<ImageRow> rows = spark.parallelize(images(architecture), 2).cache();
    var all = new DataSplit(ROWS, new long[0], 0, 7);
    Broadcast<ShuffledOrder> order = spark.broadcast(new ShuffledOrder(plan));
    for (int epoch = 0; epoch < epochs && !master.stopped(); epoch++) {
      network.fitMultiDataSet(ImageMinibatch.of(EpochRows.of(rows, all, plan, order, epoch)));
    }
    rows.unpersist();
  }

  /** The rounds of so many epochs. */
  static List<Round> train(JavaSparkContext spark, int epochs, TrainingHook... hooks) {
    return train(spark, UNET, epochs, hooks);
  }

  /** The rounds of so many epochs of another network. */
  static List<Round> train(
      JavaSparkContext spark, Architecture network, int epochs, TrainingHook... hooks) {
    List<Round> rounds = new ArrayList<>();
    train(spark, network, PLAN, epochs, List.of(hooks), rounds::add);
    return rounds;
  }

  /** The weights after the last round. */
  static float[] weights(List<Round> rounds) {
    return rounds.get(rounds.size() - 1).state().parameters().values();
  }
}
