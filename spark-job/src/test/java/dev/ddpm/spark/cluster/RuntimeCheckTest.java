package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.CardState;
import dev.ddpm.spark.LocalSpark;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class RuntimeCheckTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final Computing CPU = Computing.ofNoCard("CPU");
  private static final RuntimeReport DRIVER = report("driver", "17", "aa", "1", "CPU");

  @Test
  void countsTheSlots() {
    JavaSparkContext spark = context("local[4]", Map.of("spark.task.cpus", "2"));
    assertThat(run(spark, () -> CPU).slots()).isEqualTo(2);
    assertThatThrownBy(
            () ->
                run(
                    spark,
                    () -> {
                      throw new IllegalStateException("no natives");
                    }))
        .isInstanceOfSatisfying(
            DdpmException.class,
            failure -> assertThat(failure.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessageContaining("no natives");
  }

  @Test
  void anotherSerializerIsRefused() {
    String kryo = "org.apache.spark.serializer.KryoSerializer";
    JavaSparkContext spark = context("local[2]", Map.of("spark.serializer", kryo));

    assertThatThrownBy(() -> run(spark, () -> CPU))
        .isInstanceOfSatisfying(
            DdpmException.class,
            failure -> assertThat(failure.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContainingAll("spark.serializer = " + kryo, "JavaSerializer");
  }

  private static RuntimeCheck.Found run(JavaSparkContext spark, Supplier<Computing> here) {
    return RuntimeCheck.run(spark, here, () -> CPU, true);
  }

  private static JavaSparkContext context(String master, Map<String, String> settings) {
    return JavaSparkContext.fromSparkContext(SPARK.session(master, settings).sparkContext());
  }

  @Test
  void equalProcessesNeedNoWarning() {
    assertThat(
            RuntimeCheck.warnings(DRIVER, DRIVER, List.of(report("1", "17", "aa", "2", "CPU")), 2))
        .isEmpty();
  }

  @Test
  void threadsThatAreNotThoseOfATaskAreAWarning() {
    assertThat(
            RuntimeCheck.warnings(
                DRIVER,
                DRIVER,
                List.of(
                    report("1", "17", "aa", "unset", "CPU"), report("2", "17", "aa", "8", "CPU")),
                4))
        .satisfiesExactly(
            first ->
                assertThat(first)
                    .contains("Executor 1 on host: OMP_NUM_THREADS is unset", "4 core(s)"),
            second -> assertThat(second).contains("Executor 2 on host: OMP_NUM_THREADS is 8"));
  }

  @Test
  void anotherBackendOrJavaIsAWarning() {
    assertThat(
            RuntimeCheck.warnings(DRIVER, DRIVER, List.of(report("1", "21", "aa", "1", "CUDA")), 1))
        .satisfiesExactly(
            first -> assertThat(first).contains("computes with CUDA, the driver with CPU"),
            second -> assertThat(second).contains("runs Java 21, the driver Java 17"));
  }

  @Test
  void anotherBuildIsRefused() {
    assertThatThrownBy(
            () -> RuntimeCheck.requireSameJar(DRIVER, List.of(report("1", "17", "bb", "1", "CPU"))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("Executor 1 on host runs another build of the job jar (bb)");
  }

  private static RuntimeReport report(
      String process, String java, String jar, String ompThreads, String backend) {
    return new RuntimeReport(process, "host", java, jar, ompThreads, Computing.ofNoCard(backend));
  }

  private static RuntimeReport onCards(String process, CardState... cards) {
    return new RuntimeReport(
        process, "host", "17", "aa", "1", new Computing("CUDA", List.of(cards), ""));
  }

  private static CardState card(int number, String uuid) {
    return new CardState(number, "Card of Test", uuid, 1 << 20, 2 << 20);
  }

  @Test
  void tasksTakeTurnsOnTheCardsOfTheirProcess() {
    List<RuntimeReport> executors =
        List.of(
            onCards("1", card(0, "GPU-a")),
            onCards("2", card(0, "GPU-b"), card(1, "GPU-c")),
            report("3", "17", "aa", "1", "CPU"));

    assertThat(RuntimeCheck.withCards(12, executors)).isEqualTo(1 + 2 + 4);
    assertThat(RuntimeCheck.withCards(3, executors)).isEqualTo(3);
    assertThat(RuntimeCheck.withCards(2, executors.subList(0, 1))).isEqualTo(1);
  }

  @Test
  void whatTasksOfOneProcessFindIsPutTogether() {
    RuntimeReport one = onCards("1", card(1, "GPU-b"));
    RuntimeReport other = onCards("1", card(0, "GPU-a"));

    assertThat(one.with(other).with(one).computing().cards())
        .extracting(CardState::number)
        .containsExactly(0, 1);
  }

  @Test
  void aCardOfSeveralProcessesIsAWarningAndHasTheirNetworks() {
    List<RuntimeReport> executors =
        List.of(
            onCards("1", card(0, "GPU-a")),
            onCards("2", card(0, "GPU-b")),
            onCards("3", card(0, "GPU-a")));

    assertThat(RuntimeCheck.warnings(DRIVER, executors.get(0), executors, 1))
        .singleElement()
        .asString()
        .isEqualTo(
            "GPU 0 (Card of Test), GPU-a, is shared by executors 1 on host and 3 on host: have"
                + " Spark give out the GPUs (--gpus of the scripts), or run one executor per GPU.");
    assertThat(RuntimeCheck.rooms(executors, false, 1))
        .extracting(CardRoom::networks)
        .containsExactly(2, 1, 2);
    assertThat(RuntimeCheck.rooms(executors.subList(1, 2), false, 4))
        .singleElement()
        .returns(4, CardRoom::networks)
        .returns("GPU 0 (Card of Test) of executor 2 on host", CardRoom::told);
    assertThat(RuntimeCheck.rooms(executors.subList(1, 2), true, 1))
        .singleElement()
        .returns("GPU 0 (Card of Test)", CardRoom::told);
  }

  /** The driver of a cluster may well have no card. */
  @Test
  void executorsWithCardsAreComparedWithEachOther() {
    RuntimeReport first = onCards("1", card(0, "GPU-a"));

    assertThat(RuntimeCheck.warnings(DRIVER, first, List.of(first), 1)).isEmpty();
    assertThat(
            RuntimeCheck.warnings(
                DRIVER, first, List.of(first, report("2", "17", "aa", "1", "CPU")), 1))
        .singleElement()
        .asString()
        .startsWith("Executor 2 on host computes with CPU, executor 1 on host with CUDA");
  }

  @Test
  void aCardThatAutoPassesOverIsAWarning() {
    RuntimeReport passing =
        new RuntimeReport(
            "1", "host", "17", "aa", "1", new Computing("CPU", List.of(), "The card is asleep."));

    assertThat(RuntimeCheck.warnings(DRIVER, passing, List.of(passing), 1))
        .containsExactly(
            "Executor 1 on host computes on the CPU, because its card does not serve: The card is"
                + " asleep.");
  }
}
