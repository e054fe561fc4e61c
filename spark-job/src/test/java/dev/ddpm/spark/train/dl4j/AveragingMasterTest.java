package dev.ddpm.spark.train.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.network.walk.WalkedNetwork;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.cluster.WireFormat;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.train.LocalTrainer;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.BlockManager;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import scala.Option;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

class AveragingMasterTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final int ROWS = 44;
  private static final LabmlUNet UNET =
      new LabmlUNet(1, 8, 8, 8, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);
  private static final DataSplit ALL = new DataSplit(ROWS, new long[0], 0, 7);
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000);
  private static final TrainingSpec TRAINING =
      new TrainingSpec(
          Prediction.EPSILON,
          LossWeighting.UNIFORM,
          TimestepShares.UNIFORM,
          DataRange.MINUS_ONE_TO_ONE,
          true,
          0.25,
          Optimiser.ADAM,
          LearningRate.constant(1e-3, 20),
          1.0,
          0.99,
          7);

  private static List<ImageRow> images() {
    var random = new Random(1);
    return LongStream.range(0, ROWS)
        .mapToObj(
            id -> {
              byte[] pixels = new byte[UNET.imageShape().size()];
              random.nextBytes(pixels);
              return new ImageRow(id, pixels, id % 4 == 3 ? null : (int) (id % 4));
            })
        .toList();
  }

  /** Trains over Spark and returns the state after each round. */
  private static List<Round> train(
      JavaSparkContext spark, RoundPlan plan, TrainingSetup setup, int partitions, int epochs) {
    return train(spark, plan, WireFormat.FLOAT32, setup, partitions, epochs);
  }

  private static List<Round> train(
      JavaSparkContext spark,
      RoundPlan plan,
      WireFormat wire,
      TrainingSetup setup,
      int partitions,
      int epochs) {
    return train(spark, plan, wire, OuterOptimiser.AVERAGE, setup, partitions, epochs);
  }

  private static List<Round> train(
      JavaSparkContext spark,
      RoundPlan plan,
      WireFormat wire,
      OuterOptimiser outer,
      TrainingSetup setup,
      int partitions,
      int epochs) {
    return train(spark, plan, wire, outer, setup, setup, partitions, epochs);
  }

  private static List<Round> train(
      JavaSparkContext spark,
      RoundPlan plan,
      WireFormat wire,
      OuterOptimiser outer,
      TrainingSetup setup,
      ExecutorPool.Factory<Replica> workers,
      int partitions,
      int epochs) {
    Broadcast<ExecutorPool<Replica>> replicas = spark.broadcast(new ExecutorPool<>(workers));
    TrainableNetwork driver = AveragedTraining.driver(setup);
    List<Round> rounds = new ArrayList<>();
    var master =
        new AveragingMaster(
            plan,
            wire,
            outer,
            replicas,
            new ModelState(
                new WireFloats(driver.parameters()),
                new WireFloats(driver.updaterState()),
                new WireFloats(outer.initialVelocity(driver.parameters().length)),
                0),
            0,
            round -> rounds.add(round));
    var network = new SparkComputationGraph(spark, Dl4jNetwork.graphOf(driver), master);
    JavaRDD<ImageRow> rows = spark.parallelize(images(), partitions).cache();
    Broadcast<ShuffledOrder> order = spark.broadcast(new ShuffledOrder(plan));
    for (int epoch = 0; epoch < epochs; epoch++) {
      network.fitMultiDataSet(ImageMinibatch.of(EpochRows.of(rows, ALL, plan, order, epoch)));
    }
    return rounds;
  }

  private static float[] weights(List<Round> rounds) {
    return rounds.get(rounds.size() - 1).state().parameters().values();
  }

  private static Replica trainAlone(RoundPlan plan, TrainingSpec training, int epochs) {
    return trainAlone(plan, new TrainingSetup(UNET, SCHEDULE, training), epochs);
  }

  private static Replica trainAlone(RoundPlan plan, TrainingSetup setup, int epochs) {
    Replica replica = setup.create();
    List<ImageRow> images = images();
    var trainer =
        new LocalTrainer(replica, plan, id -> images.get((int) id), setup.training().emaDecay());
    for (int epoch = 0; epoch < epochs; epoch++) {
      trainer.epoch(epoch);
    }
    return replica;
  }

  /** DL4J's graph is the driver's: workers compute with any network. */
  @Test
  void workersThatWalkComeToTheSameState() {
    var plan = new RoundPlan(ROWS, 2, 2, 4, 7);
    JavaSparkContext spark = SPARK.context("local[2]");
    var setup = new TrainingSetup(UNET, SCHEDULE, TRAINING);
    List<Round> graphs = train(spark, plan, setup, 2, 1);
    List<Round> walks =
        train(
            spark,
            plan,
            WireFormat.FLOAT32,
            OuterOptimiser.AVERAGE,
            setup,
            AveragingMasterTest::walkingReplica,
            2,
            1);

    assertThat(weights(walks)).isEqualTo(weights(graphs));
    assertThat(walks.stream().map(round -> round.state().updater().values()).toList())
        .usingRecursiveComparison()
        .isEqualTo(graphs.stream().map(round -> round.state().updater().values()).toList());
  }

  private static Replica walkingReplica() {
    return new Replica(
        WalkedNetwork.create(
            UNET,
            8,
            TRAINING.optimiser(),
            TRAINING.learningRate(),
            MemorySaving.NONE,
            Backends.best(Backend.class, Precision.FLOAT32).create(Precision.FLOAT32)),
        SCHEDULE,
        TRAINING);
  }

  @Test
  void oneWorkerEqualsTheSingleJvmTrainerToTheBit() {
    var plan = new RoundPlan(ROWS, 1, 3, 4, 7);
    JavaSparkContext spark = SPARK.context("local[1]");
    List<Round> rounds = train(spark, plan, new TrainingSetup(UNET, SCHEDULE, TRAINING), 3, 2);
    Replica alone = trainAlone(plan, TRAINING, 2);
    ModelState last = rounds.get(rounds.size() - 1).state();
    assertThat(last.parameters().values()).isEqualTo(alone.network().parameters());
    assertThat(last.updater().values()).isEqualTo(alone.network().updaterState());
    assertThat(last.step()).isEqualTo(alone.network().steps()).isEqualTo(2 * plan.stepsPerEpoch());
    assertThat(rounds.stream().mapToLong(Round::rows).sum()).isEqualTo(2 * ROWS);
  }

  @Test
  void networksWithClassesDoToo() {
    LabmlUNet classes =
        new LabmlUNet(1, 8, 8, 8, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1, 4);
    var setup = new TrainingSetup(classes, SCHEDULE, TRAINING);
    var plan = new RoundPlan(ROWS, 1, 3, 4, 7);
    List<Round> rounds = train(SPARK.context("local[1]"), plan, setup, 3, 2);
    Replica alone = trainAlone(plan, setup, 2);
    assertThat(weights(rounds)).isEqualTo(alone.network().parameters());
    float[] initial = setup.create().network().parameters();
    for (ParameterLayout.Entry tensor : ParameterLayout.of(classes).tensors()) {
      if (tensor.name().equals("class_emb.weight")) {
        float[] before = ParameterLayout.of(classes).toStateDict(tensor, initial);
        float[] after = ParameterLayout.of(classes).toStateDict(tensor, weights(rounds));
        for (int i = 0; i < before.length; i += 32) {
          assertThat(after[i]).as("row %d", i / 32).isNotEqualTo(before[i]);
        }
      }
    }
  }

  /** Adam's moments and the warm-up must survive the rounds: stock dl4j-spark restarts both. */
  @Test
  void roundsOfOneStepWithAdamAndWarmUpEqualSingleMachineSteps() {
    var oneStep = new RoundPlan(ROWS, 1, 1, 4, 7);
    var wholeEpoch = new RoundPlan(ROWS, 1, ROWS, 4, 7);
    JavaSparkContext spark = SPARK.context("local[1]");
    List<Round> rounds = train(spark, oneStep, new TrainingSetup(UNET, SCHEDULE, TRAINING), 1, 2);
    assertThat(rounds).hasSize(22);
    float[] alone = trainAlone(wholeEpoch, TRAINING, 2).network().parameters();
    assertThat(weights(rounds)).containsExactly(alone, within(1e-6f));
  }

  @Test
  void layoutAndSlotsDoNotChangeTheWeights() {
    var plan = new RoundPlan(ROWS, 2, 2, 4, 7);
    var setup = new TrainingSetup(UNET, SCHEDULE, TRAINING);
    float[] oneSlot = weights(train(SPARK.context("local[1]"), plan, setup, 1, 2));
    assertThat(weights(train(SPARK.context("local[2]"), plan, setup, 5, 2))).isEqualTo(oneSlot);
  }

  /** Two rounded moments and a rounded change of the weights, against the exact ones. */
  @Test
  void lessTrafficMovesTheWeightsLittleAndDoesNotDependOnTheLayout() {
    var plan = new RoundPlan(ROWS, 2, 2, 4, 7);
    var setup = new TrainingSetup(UNET, SCHEDULE, TRAINING);
    JavaSparkContext spark = SPARK.context("local[2]");
    float[] exact = weights(train(spark, plan, setup, 2, 2));
    List<Round> rounds = train(spark, plan, WireFormat.BFLOAT16, setup, 2, 2);
    float[] rounded = weights(rounds);

    float[] initial = new TrainingSetup(UNET, SCHEDULE, TRAINING).create().network().parameters();
    assertThat(distance(exact, rounded)).isPositive().isLessThan(0.05 * distance(exact, initial));
    // what a checkpoint holds is what travels: a resumed run starts from the same moments
    for (float moment : rounds.get(rounds.size() - 1).state().updater().values()) {
      assertThat(Float.floatToRawIntBits(moment) & 0xffff).isZero();
    }
    assertThat(weights(train(SPARK.context("local[1]"), plan, WireFormat.BFLOAT16, setup, 5, 2)))
        .isEqualTo(rounded);
  }

  /** The first round starts where plain averaging does, so that its change is known. */
  @ParameterizedTest
  @EnumSource
  void theOuterOptimiserMovesTheAveragedWeightsAndLeavesTheMoments(WireFormat wire) {
    var plan = new RoundPlan(ROWS, 2, 2, 4, 7);
    var setup = new TrainingSetup(UNET, SCHEDULE, TRAINING);
    JavaSparkContext spark = SPARK.context("local[2]");
    ModelState plain = train(spark, plan, wire, setup, 2, 1).get(0).state();
    List<Round> rounds = train(spark, plan, wire, new OuterOptimiser(0.7, 0.9), setup, 2, 1);
    ModelState outer = rounds.get(0).state();

    float[] initial = setup.create().network().parameters();
    float[] expected = new float[initial.length];
    for (int i = 0; i < initial.length; i++) {
      double change = (double) plain.parameters().values()[i] - initial[i];
      expected[i] = (float) (initial[i] + 0.7 * 1.9 * change);
    }
    assertThat(outer.parameters().values()).containsExactly(expected, within(1e-7f));
    assertThat(distance(outer.parameters().values(), plain.parameters().values())).isPositive();
    assertThat(outer.updater().values()).isEqualTo(plain.updater().values());
    assertThat(
            weights(
                train(
                    SPARK.context("local[1]"),
                    plan,
                    wire,
                    new OuterOptimiser(0.7, 0.9),
                    setup,
                    5,
                    1)))
        .isEqualTo(weights(rounds));
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  @Test
  void broadcastsAndShufflesOfARoundAreRemoved() {
    var plan = new RoundPlan(ROWS, 2, 2, 4, 7);
    JavaSparkContext spark = SPARK.context("local[2]");
    long shuffleFiles = shuffleFiles();
    List<Round> rounds = train(spark, plan, new TrainingSetup(UNET, SCHEDULE, TRAINING), 2, 1);

    // A state holds three numbers per parameter; closures and empty pools are far smaller.
    long bytesOfHalfAState = 6L * weights(rounds).length;
    // Spark removes both in threads of its own, some time after it was told to.
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> {
              assertThat(broadcastSizes()).isNotEmpty().allMatch(size -> size < bytesOfHalfAState);
              // The rows of the epoch, from two map tasks, may remain; six rounds' states must not.
              assertThat(shuffleFiles() - shuffleFiles).isLessThanOrEqualTo(2);
            });
  }

  private static List<Long> broadcastSizes() {
    BlockManager blocks = SparkEnv.get().blockManager();
    return JavaConverters.seqAsJavaListConverter(blocks.getMatchingBlockIds(new IsBroadcast()))
        .asJava()
        .stream()
        .map(blocks::getStatus)
        .filter(Option::isDefined)
        .map(status -> status.get().memSize())
        .toList();
  }

  private static long shuffleFiles() {
    return JavaConverters.seqAsJavaListConverter(
            SparkEnv.get().blockManager().diskBlockManager().getAllFiles())
        .asJava()
        .stream()
        .filter(file -> file.getName().matches("shuffle_.*\\.data"))
        .count();
  }

  private static final class IsBroadcast extends AbstractFunction1<BlockId, Object> {
    @Override
    public Object apply(BlockId block) {
      return block.isBroadcast();
    }
  }

  @Test
  void aForeignMinibatchIsRefused() {
    assertThatThrownBy(() -> ImageMinibatch.imagesOf(new org.nd4j.linalg.dataset.MultiDataSet()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("takes minibatches of images");
  }

  @Test
  void twoWorkersAveragingEveryStepEqualTheDoubledBatchWithSgd() {
    var sgd =
        new TrainingSpec(
            Prediction.EPSILON,
            LossWeighting.UNIFORM,
            TimestepShares.UNIFORM,
            DataRange.MINUS_ONE_TO_ONE,
            true,
            0.25,
            Optimiser.SGD,
            LearningRate.constant(0.05, 0),
            0,
            0,
            7);
    JavaSparkContext spark = SPARK.context("local[2]");
    float[] two =
        weights(
            train(
                spark,
                new RoundPlan(ROWS, 2, 1, 4, 7),
                new TrainingSetup(UNET, SCHEDULE, sgd),
                2,
                2));
    float[] one = trainAlone(new RoundPlan(ROWS, 1, 1, 8, 7), sgd, 2).network().parameters();
    assertThat(two).containsExactly(one, within(1e-6f));
  }
}
