package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.CardState;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryBudgetTest {
  private static final long MIB = 1L << 20;
  private static final MemoryNeeds NEEDS =
      new MemoryNeeds(
          1000 * MIB, 200 * MIB, 400 * MIB, 100 * MIB, 300 * MIB, 50 * MIB, "training.batch-size");

  @Test
  void whatFitsExactlyIsEnough() {
    assertThatCode(() -> MemoryBudget.check(NEEDS, cluster(1000, 200, 600, 600, 50)))
        .doesNotThrowAnyException();
    assertThatCode(() -> MemoryBudget.check(NEEDS, local(1200, 800))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "999|200|600|600|50| The driver needs about 0.98 GiB of Java heap | spark.driver.memory",
        "1000|199|600|600|50| The driver needs about 0.20 GiB outside of the Java heap"
            + " | spark.driver.memoryOverhead",
        "1000|200|599|600|50| An executor with 2 task(s) at a time needs about 0.59 GiB of Java"
            + " heap, but has 0.58 GiB | spark.executor.memory",
        "1000|200|600|599|50| An executor with 2 task(s) at a time needs about 0.59 GiB outside of"
            + " the Java heap | spark.executor.memoryOverhead",
        "1000|200|600|600|49| The driver needs about 0.05 GiB for what tasks return to it at a time"
            + " | spark.driver.maxResultSize",
      })
  void oneMegabyteLessIsRefusedWithTheNumbersAndTheKey(
      long driver,
      long driverNative,
      long heap,
      long outside,
      long result,
      String what,
      String key) {
    assertThatThrownBy(
            () -> MemoryBudget.check(NEEDS, cluster(driver, driverNative, heap, outside, result)))
        .isInstanceOfSatisfying(
            DdpmException.class,
            refused -> assertThat(refused.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessageContaining(what)
        .hasMessageContaining("raise " + key);
  }

  /** Other slots wait, or do what takes no heap of note. */
  @Test
  void heapIsNeededForNoMoreTasksThanTakeIt() {
    MemoryNeeds one =
        new MemoryNeeds(1000 * MIB, 200 * MIB, 400 * MIB, 100 * MIB, 300 * MIB, 50 * MIB, "", 1, 1);

    assertThatCode(() -> MemoryBudget.check(one, local(1100, 800))).doesNotThrowAnyException();
    assertThatThrownBy(() -> MemoryBudget.check(one, local(1099, 800)))
        .hasMessageContaining("or lower the number of tasks at a time");
    assertThatCode(() -> MemoryBudget.check(one, cluster(1000, 200, 500, 600, 50)))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> MemoryBudget.check(one, cluster(1000, 200, 499, 600, 50)))
        .hasMessageContaining("spark.executor.memory");
  }

  @Test
  void aLocalDriverCarriesTheTasksToo() {
    assertThatThrownBy(() -> MemoryBudget.check(NEEDS, local(1199, 800)))
        .hasMessageContaining(
            "The driver, which runs all tasks, needs about 1.17 GiB of Java heap");
    assertThatThrownBy(() -> MemoryBudget.check(NEEDS, local(1200, 799)))
        .hasMessageContaining("needs about 0.78 GiB outside of the Java heap")
        .hasMessageContaining("training.batch-size");
  }

  @Test
  void theFirstWayThatFitsIsTakenAndTheLastOneToldOf() {
    MemorySupply local = local(1200, 700);
    Function<Long, MemoryNeeds> needs =
        task -> new MemoryNeeds(1000 * MIB, 200 * MIB, 0, 100 * MIB, task * MIB, 50 * MIB, "");

    assertThat(MemoryBudget.firstFitting(List.of(300L, 251L, 250L, 100L), needs, local))
        .isEqualTo(250L);
    assertThatThrownBy(() -> MemoryBudget.firstFitting(List.of(300L, 251L), needs, local))
        .hasMessage(
            "The driver, which runs all tasks, needs about 0.69 GiB outside of the Java heap, but"
                + " has 0.68 GiB: raise org.bytedeco.javacpp.maxphysicalbytes (--native-memory of"
                + " the scripts), or lower the number of tasks at a time.");
  }

  @Test
  void whatIsComputedOnTheDriverAloneIsComparedWithWhatTheDriverHas() {
    MemorySupply local = local(1000, 800);
    Optional<String> images = Optional.of("--images");

    MemoryBudget.checkDriver(1000 * MIB, 800 * MIB, images, local);
    assertThatThrownBy(() -> MemoryBudget.checkDriver(1001 * MIB, 0, images, local))
        .hasMessage(
            "The driver needs about 0.98 GiB of Java heap, but has 0.98 GiB: raise"
                + " spark.driver.memory (--memory of the scripts).");
    assertThatThrownBy(() -> MemoryBudget.checkDriver(0, 900 * MIB, images, local))
        .hasMessage(
            "The driver needs about 0.88 GiB outside of the Java heap, but has 0.78 GiB: raise"
                + " org.bytedeco.javacpp.maxphysicalbytes (--native-memory of the scripts), or"
                + " lower --images.");
    assertThatThrownBy(() -> MemoryBudget.checkDriver(0, 900 * MIB, Optional.empty(), local))
        .hasMessageEndingWith("(--native-memory of the scripts).");
    assertThatThrownBy(
            () -> MemoryBudget.checkDriver(0, 201 * MIB, images, cluster(1000, 200, 9, 9, 9)))
        .hasMessageContaining("raise spark.driver.memoryOverhead and ")
        .hasMessageEndingWith("(--native-memory of the scripts), or lower --images.");
  }

  private static CardRoom room(long free, int networks) {
    CardState card = new CardState(1, "Card of Test", "GPU-1", free * MIB, 16384 * MIB);
    return new CardRoom(card, "executor 3 on node-a", networks);
  }

  /** Beside 1.5 GiB in which CUDA's libraries compute, and 2 GiB that they take of the machine. */
  @Test
  void networksOnCardsNeedTheirMemoryAndNotThatOfTheMachine() {
    MemorySupply libraries = cluster(1000, 200, 600, 2048, 50);

    MemoryBudget.check(NEEDS, libraries.with(List.of(room(1836, 1)), false));
    MemoryBudget.check(NEEDS, libraries.with(List.of(room(3672, 2)), false));
    assertThatThrownBy(
            () ->
                MemoryBudget.check(
                    NEEDS, libraries.with(List.of(room(1836, 1), room(1835, 1)), false)))
        .isInstanceOfSatisfying(
            DdpmException.class,
            refused -> assertThat(refused.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessage(
            "GPU 1 (Card of Test) of executor 3 on node-a needs about 1.79 GiB of free memory, but"
                + " has 1.79 GiB: lower training.batch-size, or end what else computes on it, see"
                + " nvidia-smi.");
    assertThatThrownBy(
            () -> MemoryBudget.check(NEEDS, libraries.with(List.of(room(3671, 2)), false)))
        .hasMessageContaining("of free memory for 2 tasks, but has");
    MemorySupply tooLittle = cluster(1000, 200, 600, 2047, 50);
    assertThatThrownBy(
            () -> MemoryBudget.check(NEEDS, tooLittle.with(List.of(room(1836, 1)), false)))
        .hasMessageContaining("needs about 2.00 GiB outside of the Java heap");
  }

  @Test
  void librariesComputeForEachNetworkOfATask() {
    MemoryNeeds guided =
        new MemoryNeeds(MIB, MIB, MIB, MIB, 300 * MIB, MIB, "", 2, MemoryNeeds.ALL_TASKS);
    MemorySupply supply = cluster(9, 9, 9, 2048, 9);

    MemoryBudget.check(guided, supply.with(List.of(room(3372, 1)), false));
    assertThatThrownBy(() -> MemoryBudget.check(guided, supply.with(List.of(room(3371, 1)), false)))
        .hasMessageContaining("needs about 3.29 GiB of free memory");
  }

  @Test
  void whereSomeComputeOnCpusBothMustHaveEnough() {
    List<CardRoom> rooms = List.of(room(1836, 1));

    MemoryBudget.check(NEEDS, cluster(1000, 200, 600, 2648, 50).with(rooms, true));
    assertThatThrownBy(
            () -> MemoryBudget.check(NEEDS, cluster(1000, 200, 600, 2647, 50).with(rooms, true)))
        .hasMessageContaining("outside of the Java heap");
  }

  @Test
  void theFirstWayThatFitsOnTheCardIsTaken() {
    Function<Long, MemoryNeeds> needs =
        task -> new MemoryNeeds(MIB, MIB, MIB, MIB, task * MIB, MIB, "");
    MemorySupply supply = cluster(9, 9, 9, 2048, 9).with(List.of(room(1636, 1)), false);

    assertThat(MemoryBudget.firstFitting(List.of(300L, 101L, 100L, 50L), needs, supply))
        .isEqualTo(100L);
    assertThatThrownBy(() -> MemoryBudget.firstFitting(List.of(300L, 101L), needs, supply))
        .hasMessageEndingWith("but has 1.60 GiB: end what else computes on it, see nvidia-smi.");
  }

  /** What computes nothing that would be on a card needs none of it. */
  @Test
  void jobsWithoutNetworksNeedNoCard() {
    MemoryNeeds needs = new MemoryNeeds(MIB, MIB, MIB, MIB, 0, MIB, "");

    assertThatCode(
            () ->
                MemoryBudget.check(needs, cluster(9, 9, 9, 0, 9).with(List.of(room(1, 1)), false)))
        .doesNotThrowAnyException();
  }

  @Test
  void aContainerIsBoundByItsOverhead() {
    SparkConf conf =
        new SparkConf(false).set("spark.master", "yarn").set("spark.executor.memory", "2g");
    assertThat(MemorySupply.of(conf, 2, MIB, 0).executorNative()).isEqualTo(384 * MIB);
    conf.set("spark.executor.memory", "8g");
    assertThat(MemorySupply.of(conf, 2, MIB, 0).executorNative()).isEqualTo(8192 * MIB / 10);
    conf.set("spark.executor.memoryOverhead", "3g");
    assertThat(MemorySupply.of(conf, 2, MIB, 0).executorNative()).isEqualTo(3072 * MIB);
    conf.set(
        "spark.executor.extraJavaOptions",
        "-Dx=y -Dorg.bytedeco.javacpp.maxphysicalbytes=9216m -Dz");
    assertThat(MemorySupply.of(conf, 2, MIB, 0).executorNative()).isEqualTo(1024 * MIB);
    conf.set("spark.executor.defaultJavaOptions", "-Dorg.bytedeco.javacpp.maxphysicalbytes=10240m");
    assertThat(MemorySupply.of(conf, 2, MIB, 0).executorNative())
        .as("the last option holds, as for the JVM")
        .isEqualTo(1024 * MIB);
  }

  @Test
  void aStandaloneExecutorIsBoundByItsOwnLimit() {
    SparkConf conf = new SparkConf(false).set("spark.master", "spark://head:7077");
    MemorySupply supply = MemorySupply.of(conf, 2, 100 * MIB, 150 * MIB);
    assertThat(supply)
        .isEqualTo(
            new MemorySupply(
                false,
                2,
                100 * MIB,
                50 * MIB,
                1024 * MIB,
                3 * 1024 * MIB,
                1024 * MIB,
                List.of(),
                true));
  }

  @Test
  void zeroIsNoBound() {
    SparkConf conf =
        new SparkConf(false).set("spark.master", "local[2]").set("spark.driver.maxResultSize", "0");
    MemorySupply supply = MemorySupply.of(conf, 2, MIB, 0);
    assertThat(supply.local()).isTrue();
    assertThat(supply.maxResult()).isEqualTo(Long.MAX_VALUE);
    assertThat(supply.driverNative()).isEqualTo(Long.MAX_VALUE);
    assertThat(MemorySupply.of(conf.set("spark.master", "local-cluster[2,1,1024]"), 2, MIB, 0))
        .returns(false, MemorySupply::local);
  }

  private static MemorySupply cluster(
      long driver, long driverNative, long heap, long outside, long result) {
    return new MemorySupply(
        false,
        2,
        driver * MIB,
        driverNative * MIB,
        heap * MIB,
        outside * MIB,
        result * MIB,
        List.of(),
        true);
  }

  private static MemorySupply local(long heap, long outside) {
    return new MemorySupply(true, 2, heap * MIB, outside * MIB, 0, 0, 50 * MIB, List.of(), true);
  }
}
