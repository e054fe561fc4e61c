package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Compares what a job needs of memory with what driver and executors are configured to have, before
 * its first real task. A container that outgrows its bound is killed hours later and without a
 * reason; here the numbers and the keys to change are told.
 */
public final class MemoryBudget {
  private static final double GIB = 1L << 30;
  private static final String ON_HEAP = "of Java heap";
  private static final String OUTSIDE = "outside of the Java heap";

  /**
   * What CUDA's libraries compute in at the most, for each network: see their convolutions. Results
   * in bfloat16 that are widened afterwards, where cuDNN has no other way, are not counted.
   */
  private static final long CARD_WORKSPACE = 3L << 29;

  /**
   * What the driver and the libraries of CUDA take of the machine's memory in each process that
   * computes on cards. Assumed, not measured.
   */
  private static final long CUDA_OF_HOST = 2L << 30;

  private static final String RAISE_DRIVER_HEAP =
      "raise spark.driver.memory (--memory of the scripts)";

  private MemoryBudget() {}

  /**
   * Checks the budget.
   *
   * @param found what the application runs on
   * @throws DdpmException (environment) naming what is short, both numbers and the keys to change
   */
  static void check(JavaSparkContext spark, RuntimeCheck.Found found, MemoryNeeds needs) {
    check(needs, MemorySupply.of(spark, found));
  }

  /** The first of several ways to work for whose needs there is enough, see {@link ClusterJob}. */
  static <T> T firstFitting(
      JavaSparkContext spark,
      RuntimeCheck.Found found,
      List<T> ways,
      Function<T, MemoryNeeds> needs) {
    return firstFitting(ways, needs, MemorySupply.of(spark, found));
  }

  static <T> T firstFitting(List<T> ways, Function<T, MemoryNeeds> needs, MemorySupply supply) {
    T last = ways.get(ways.size() - 1);
    for (T way : ways.subList(0, ways.size() - 1)) {
      if (demands(needs.apply(way), supply).stream().allMatch(Demand::isMet)) {
        return way;
      }
    }
    check(needs.apply(last), supply);
    return last;
  }

  /**
   * Checks the budget of what is computed on the driver alone.
   *
   * @param backend what computes it
   * @param heap bytes of Java heap that it takes
   * @param outside bytes that it takes outside of the heap, or on the card
   * @param engines networks that {@code outside} is for
   * @param batchKey key or option that would lower {@code outside}; empty if none would
   * @throws DdpmException (environment) naming what is short, both numbers and the keys to change
   */
  public static void checkDriver(
      JavaSparkContext spark,
      BackendChoice backend,
      long heap,
      long outside,
      int engines,
      Optional<String> batchKey) {
    MemorySupply supply = MemorySupply.ofDriver(spark);
    Optional<CardRoom> card =
        backend.cards().map(cards -> new CardRoom(cards.examine(backend.precision()), "", 1));
    if (card.isPresent()) {
      checkDriver(heap, CUDA_OF_HOST, Optional.empty(), supply);
      require(List.of(demand(card.get(), outside, engines, batchKey.orElse(""))));
    } else {
      checkDriver(heap, outside, batchKey, supply);
    }
  }

  static void checkDriver(long heap, long outside, Optional<String> batchKey, MemorySupply supply) {
    require(
        List.of(
            new Demand("The driver", ON_HEAP, heap, supply.driverHeap(), RAISE_DRIVER_HEAP),
            new Demand(
                "The driver",
                OUTSIDE,
                outside,
                supply.driverNative(),
                raiseDriverNative(supply.local())
                    + batchKey.map(key -> ", or lower " + key).orElse(""))));
  }

  /** A driver on this machine is in no container. */
  private static String raiseDriverNative(boolean local) {
    return local
        ? "raise org.bytedeco.javacpp.maxphysicalbytes (--native-memory of the scripts)"
        : "raise spark.driver.memoryOverhead and org.bytedeco.javacpp.maxphysicalbytes in"
            + " spark.driver.extraJavaOptions (--native-memory of the scripts)";
  }

  static void check(MemoryNeeds needs, MemorySupply supply) {
    require(demands(needs, supply));
  }

  /** What a job needs of which there could be too little, in the order in which it is told. */
  private static List<Demand> demands(MemoryNeeds needs, MemorySupply supply) {
    List<Demand> demands = new ArrayList<>();
    boolean onCards = needs.taskNative() > 0 && !supply.cards().isEmpty();
    long taskHeaps = Math.min(supply.tasks(), needs.heapTasks()) * needs.taskHeap();
    long outside =
        (supply.onCpus() ? supply.tasks() * needs.taskNative() : 0) + (onCards ? CUDA_OF_HOST : 0);
    if (supply.local()) {
      String driver = "The driver, which runs all tasks,";
      demands.add(
          new Demand(
              driver,
              ON_HEAP,
              needs.driverHeap() + taskHeaps,
              supply.driverHeap(),
              RAISE_DRIVER_HEAP
                  + ", or lower the number of tasks at a time (--master 'local[2]')"));
      demands.add(
          new Demand(
              driver,
              OUTSIDE,
              needs.driverNative() + outside,
              supply.driverNative(),
              raiseDriverNative(true)
                  + ", or lower "
                  + (needs.batchKey().isEmpty() ? "" : needs.batchKey() + " or ")
                  + "the number of tasks at a time"));
    } else {
      demands.add(
          new Demand(
              "The driver", ON_HEAP, needs.driverHeap(), supply.driverHeap(), RAISE_DRIVER_HEAP));
      demands.add(
          new Demand(
              "The driver",
              OUTSIDE,
              needs.driverNative(),
              supply.driverNative(),
              raiseDriverNative(false)));
      String executor = "An executor with %d task(s) at a time".formatted(supply.tasks());
      demands.add(
          new Demand(
              executor,
              ON_HEAP,
              needs.executorHeap() + taskHeaps,
              supply.executorHeap(),
              "raise spark.executor.memory (--memory of the scripts) or spark.task.cpus"));
      demands.add(
          new Demand(
              executor,
              OUTSIDE,
              outside,
              supply.executorNative(),
              "raise spark.executor.memoryOverhead and org.bytedeco.javacpp.maxphysicalbytes in"
                  + " spark.executor.extraJavaOptions (--native-memory of the scripts), or"
                  + " spark.task.cpus"
                  + (needs.batchKey().isEmpty() ? "" : ", or lower " + needs.batchKey())));
    }
    demands.add(
        new Demand(
            "The driver",
            "for what tasks return to it at a time",
            needs.result(),
            supply.maxResult(),
            "raise spark.driver.maxResultSize, or set it to 0 for no bound"));
    if (onCards) {
      supply
          .cards()
          .forEach(
              room ->
                  demands.add(demand(room, needs.taskNative(), needs.engines(), needs.batchKey())));
    }
    return demands;
  }

  /**
   * What networks take of a card.
   *
   * @param task bytes of those of one task
   * @param engines how many those are
   * @param batchKey key or option that would lower it; empty if none would
   */
  private static Demand demand(CardRoom room, long task, int engines, String batchKey) {
    return new Demand(
        room.told(),
        "of free memory" + (room.networks() == 1 ? "" : " for %d tasks".formatted(room.networks())),
        room.networks() * (task + engines * CARD_WORKSPACE),
        room.card().free(),
        (batchKey.isEmpty() ? "" : "lower %s, or ".formatted(batchKey))
            + "end what else computes on it, see nvidia-smi");
  }

  private static void require(List<Demand> demands) {
    for (Demand demand : demands) {
      if (!demand.isMet()) {
        throw DdpmException.environment(
            "%s needs about %s %s, but has %s: %s.",
            demand.who(),
            size(demand.needed()),
            demand.what(),
            size(demand.available()),
            demand.advice());
      }
    }
  }

  /** Bytes of one kind that are needed, those that there are, and what to do for more. */
  private record Demand(String who, String what, long needed, long available, String advice) {
    boolean isMet() {
      return needed <= available;
    }
  }

  private static String size(long bytes) {
    return String.format(Locale.ROOT, "%.2f GiB", bytes / GIB);
  }
}
