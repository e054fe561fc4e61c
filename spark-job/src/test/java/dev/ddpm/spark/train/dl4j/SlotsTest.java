package dev.ddpm.spark.train.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.ClusterJob;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The number of workers that a cluster gets by default. */
class SlotsTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  /** Spark's default parallelism is 2 there. */
  @Test
  void aClusterOfOneCoreHasOneSlot() {
    SparkSession session =
        SPARK.session("local-cluster[1,1,1024]", TinyTraining.executorSettings());
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());

    try (ClusterJob job = ClusterJob.start(spark, BackendChoice.DEFAULT)) {
      assertThat(job.slots()).isEqualTo(1);
    }
  }
}
