package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cuda.EmulatedBackend;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.cluster.ClusterJob;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training over Spark on emulated cards: one executor with two cores. */
class CardTrainingTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path folder;

  private static String table;
  private static double expectedLoss;

  @BeforeAll
  static void trainOnTheCpu() throws Exception {
    assumeTrue(hasCompiler(), "g++ is not on this machine, which emulates a card");
    table = folder.resolve("table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    expectedLoss = train(SPARK.session(), "cpu", "cpu").lastLoss();
    Path services = folder.resolve("cards/META-INF/services");
    Files.createDirectories(services);
    Files.writeString(
        services.resolve("dev.ddpm.backend.Backend"), EmulatedBackend.class.getName() + "\n");
  }

  private static boolean hasCompiler() throws InterruptedException {
    try {
      return new ProcessBuilder("g++", "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static TrainJob.Result train(SparkSession session, String device, String run) {
    return new TrainJob(
            session,
            TinyExperiment.with("training.max-rounds=1", "backend.device=" + device),
            table,
            folder.resolve(run).toString(),
            Resume.AUTO,
            new PrintWriter(new StringWriter()))
        .run();
  }

  /** An executor with two cores that sees so many cards. */
  private static SparkSession session(int cards, Map<String, String> more) {
    Map<String, String> settings =
        new HashMap<>(
            LocalSpark.executorSettings("-D%s=%d".formatted(EmulatedBackend.CARDS, cards)));
    settings.merge(
        "spark.executor.extraClassPath",
        folder.resolve("cards").toString(),
        (own, first) -> first + ":" + own);
    settings.putAll(more);
    return SPARK.session("local-cluster[1,2,1024]", settings);
  }

  /** The cards on which weights were learned in the executor. */
  private static Set<Integer> trained(SparkSession session) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    return new HashSet<>(
        spark
            .parallelize(List.of(1), 1)
            .flatMap(i -> EmulatedBackend.launched("adam").iterator())
            .collect());
  }

  @Test
  void eachTaskHasTheCardThatSparkGaveIt() throws IOException {
    SparkSession session =
        session(2, LocalSpark.gpuSettings(folder, "0", "GPU-00000000-0000-0000-0000-000000000001"));

    TrainJob.Result result = train(session, "cuda", "given");

    assertThat(result.lastLoss()).isCloseTo(expectedLoss, within(1e-3 * expectedLoss));
    assertThat(trained(session)).containsExactlyInAnyOrder(0, 1);
  }

  /** The cards that the executor has taken into use, each time it has. */
  private static List<Integer> opened(SparkSession session) {
    return JavaSparkContext.fromSparkContext(session.sparkContext())
        .parallelize(List.of(1), 1)
        .flatMap(i -> EmulatedBackend.opened().iterator())
        .collect();
  }

  /** And a job has a slot for each card, not for each core, and looks at each card once. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void withoutAddressesTasksTakeTurns(int cards) {
    SparkSession session = session(cards, Map.of());

    TrainJob.Result result = train(session, "cuda", "turns" + cards);

    assertThat(result.lastLoss()).isCloseTo(expectedLoss, within(1e-3 * expectedLoss));
    assertThat(trained(session))
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, cards).boxed().toList());
    int before = opened(session).size();
    try (ClusterJob job =
        ClusterJob.start(
            JavaSparkContext.fromSparkContext(session.sparkContext()),
            new BackendChoice(DeviceChoice.CUDA, Precision.FLOAT32))) {
      assertThat(job.slots()).isEqualTo(cards);
      assertThat(job.backend()).isEqualTo("a card that is emulated, float32");
    }
    List<Integer> after = opened(session);
    assertThat(after.subList(before, after.size()))
        .as("each card examined, the first described")
        .containsExactly(cards == 1 ? new Integer[] {0, 0} : new Integer[] {0, 1, 0});
  }
}
