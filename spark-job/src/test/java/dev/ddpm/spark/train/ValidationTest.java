package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.train.dl4j.TinyTraining;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.spark.train.round.TrainingSetup;
import dev.ddpm.training.LossByTimestep;
import dev.ddpm.training.Replica;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ValidationTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final DataSplit SPLIT = new DataSplit(TinyTraining.ROWS, new long[] {5}, 0.5, 7);

  @Test
  void theLossDoesNotDependOnWhoComputesIt() {
    LossByTimestep alone = validate(1, 1);
    LossByTimestep spread = validate(5, 3);

    assertThat(spread.byRange()).isEqualTo(alone.byRange());
    assertThat(alone.images()).isEqualTo(SPLIT.heldOut()).isEqualTo(22);
    assertThat(alone.mean()).isBetween(0.5, 2.0);
  }

  private static LossByTimestep validate(int partitions, int slots) {
    JavaSparkContext spark = SPARK.context("local[2]");
    TrainingSetup setup = TinyTraining.setup();
    Replica replica = setup.create();
    Broadcast<ExecutorPool<Replica>> replicas = spark.broadcast(new ExecutorPool<>(setup));
    JavaRDD<ImageRow> rows =
        spark
            .parallelize(TinyTraining.images(), partitions)
            .filter(row -> SPLIT.isUsable(row.id()));
    try (var validation =
        new Validation(spark, replicas, rows, SPLIT, 4, slots, setup.schedule().steps())) {
      return validation.of(new WireFloats(replica.network().parameters()));
    }
  }
}
