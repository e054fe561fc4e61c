package dev.ddpm.spark.cluster;

import static java.util.stream.Collectors.joining;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.CardState;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.cuda.CudaBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function0;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The self-check before a job's first real task: driver and executors describe themselves, and the
 * differences that spoil speed or reproducibility are said aloud.
 */
final class RuntimeCheck {
  private static final Logger LOG = LoggerFactory.getLogger(RuntimeCheck.class);

  /** Time without a new executor after which no more are waited for. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
  private static final String SERIALIZER = "spark.serializer";
  private static final String JAVA_SERIALIZER = "org.apache.spark.serializer.JavaSerializer";

  private static final ToldLines TOLD = new ToldLines();

  private RuntimeCheck() {}

  /**
   * What was found.
   *
   * @param slots tasks that the cluster runs at a time, as far as its executors have registered,
   *     and as far as there are cards for them where they compute on such
   * @param cards those that networks will be on
   * @param onCpus whether some are computed on a CPU
   * @param backend what they are computed with, in one line
   */
  record Found(int slots, List<CardRoom> cards, boolean onCpus, String backend) {}

  /**
   * Runs one task per slot and logs what was found, if no earlier job of the application has.
   *
   * @param backend what the job's networks compute with
   * @throws DdpmException (user) if Spark serialises by Kryo; (environment) if an executor runs
   *     another build of the job jar, or cannot compute with the back end
   */
  static Found run(JavaSparkContext spark, BackendChoice backend) {
    if (backend.device() == DeviceChoice.CPU
        && GivenGpus.any(spark.getConf())
        && CudaBackend.isIncluded()) {
      tell(
          spark,
          LOG::warn,
          "idle GPUs",
          "The GPUs that Spark gives to tasks (%s) stay idle: this computes on the CPU"
              .formatted(GivenGpus.AMOUNT));
    }
    String check = UUID.randomUUID().toString();
    // The driver of a cluster need not compute.
    Supplier<String> words = spark.sc().isLocal() ? backend::describe : backend::describeIfThere;
    return run(
        spark,
        () -> Computing.ofNoCard(words.get()),
        () -> Computing.here(backend, check),
        backend.device() == DeviceChoice.CPU);
  }

  /**
   * The same with other words.
   *
   * @param here describes what the driver would compute with
   * @param backend describes what the JVM that calls it computes with
   * @param comparesDriver whether a driver that differs from its executors is worth a warning
   */
  static Found run(
      JavaSparkContext spark,
      Supplier<Computing> here,
      Function0<Computing> backend,
      boolean comparesDriver) {
    SparkConf conf = spark.getConf();
    requireJavaSerializer(conf);
    int taskCpus = conf.getInt("spark.task.cpus", 1);
    int slots = slots(spark.sc());
    RuntimeReport driver = report(here::get);
    List<RuntimeReport> executors = executors(spark, backend, slots);
    requireSameJar(driver, executors);
    tell(spark, LOG::info, "driver", "Driver on %s: %s".formatted(driver.host(), driver.setup()));
    tell(
        spark,
        LOG::info,
        "slots",
        "%d task slot(s) of %d core(s) on %d executor(s)"
            .formatted(slots, taskCpus, executors.size()));
    RuntimeReport compared = comparesDriver ? driver : executors.get(0);
    warnings(driver, compared, executors, taskCpus)
        .forEach(warning -> tell(spark, LOG::warn, warning, warning));
    List<CardRoom> cards = rooms(executors, spark.sc().isLocal(), GivenGpus.tasksOfEach(conf));
    cards.forEach(
        room ->
            tell(
                spark,
                LOG::info,
                room.told(),
                "%s: %d of %d MiB are free"
                    .formatted(room.told(), room.card().free() >> 20, room.card().all() >> 20)));
    return new Found(
        GivenGpus.any(conf) ? slots : withCards(slots, executors),
        cards,
        executors.stream().anyMatch(executor -> executor.computing().cards().isEmpty()),
        compared.computing().backend());
  }

  private static void tell(
      JavaSparkContext spark, Consumer<String> log, String about, String line) {
    if (TOLD.isNews(spark.sc().applicationId(), about, line)) {
      log.accept(line);
    }
  }

  /** Tasks at a time where those of a process take turns on its cards. */
  static int withCards(int slots, List<RuntimeReport> executors) {
    int ofEach = (slots + executors.size() - 1) / executors.size();
    int turns =
        executors.stream()
            .mapToInt(executor -> executor.computing().cards().size())
            .map(cards -> cards == 0 ? ofEach : Math.min(ofEach, cards))
            .sum();
    return Math.min(slots, turns);
  }

  /**
   * The cards, with how many networks there will be on each.
   *
   * @param tasks that a process has on one card at a time
   */
  static List<CardRoom> rooms(List<RuntimeReport> executors, boolean local, int tasks) {
    List<CardRoom> rooms = new ArrayList<>();
    for (RuntimeReport executor : executors) {
      for (CardState card : executor.computing().cards()) {
        rooms.add(
            new CardRoom(
                card,
                local ? "" : "executor " + executor.told(),
                tasks * users(executors, card).size()));
      }
    }
    return rooms;
  }

  private static List<RuntimeReport> users(List<RuntimeReport> executors, CardState card) {
    return executors.stream()
        .filter(
            executor ->
                executor.computing().cards().stream()
                    .anyMatch(other -> other.uuid().equals(card.uuid())))
        .toList();
  }

  /**
   * Tasks at a time, once no further executor has registered for a while: the first job of an
   * application begins when the first executor is there. Spark's default parallelism would not do:
   * it is at least 2 on every cluster.
   */
  private static int slots(SparkContext spark) {
    int slots = registeredSlots(spark);
    long unchangedSince = System.nanoTime();
    long giveUp = unchangedSince + LONGEST_WAIT.toNanos();
    while (!spark.isLocal()
        && System.nanoTime() < giveUp
        && (slots == 0 || System.nanoTime() - unchangedSince < QUIET.toNanos())) {
      pause();
      int now = registeredSlots(spark);
      if (now != slots) {
        slots = now;
        unchangedSince = System.nanoTime();
      }
    }
    return Math.max(1, slots);
  }

  private static int registeredSlots(SparkContext spark) {
    return spark.maxNumConcurrentTasks(spark.resourceProfileManager().defaultResourceProfile());
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DdpmException.environment(e, "Interrupted while waiting for executors.");
    }
  }

  private static List<RuntimeReport> executors(
      JavaSparkContext spark, Function0<Computing> backend, int slots) {
    spark.setJobDescription("self-check");
    try {
      Map<String, RuntimeReport> byProcess = new TreeMap<>();
      spark
          .parallelize(IntStream.range(0, slots).boxed().toList(), slots)
          .map(slot -> report(backend))
          .collect()
          .forEach(report -> byProcess.merge(report.process(), report, RuntimeReport::with));
      return List.copyOf(byProcess.values());
    } finally {
      spark.setJobDescription(null);
    }
  }

  private static RuntimeReport report(Function0<Computing> backend) {
    try {
      return RuntimeReport.ofThisJvm(backend.call());
    } catch (DdpmException own) {
      throw own;
    } catch (Exception | LinkageError failed) {
      throw DdpmException.environment(failed, "The tensor library does not start: %s.", failed);
    }
  }

  /** Kryo 4 cannot write records, and would leave the arrays of {@link WireFloats} out. */
  private static void requireJavaSerializer(SparkConf conf) {
    String serializer = conf.get(SERIALIZER, JAVA_SERIALIZER);
    if (!serializer.equals(JAVA_SERIALIZER)) {
      throw DdpmException.user(
          "%s = %s: must be %s, Spark's default, for models to reach the executors.",
          SERIALIZER, serializer, JAVA_SERIALIZER);
    }
  }

  /** Refuses executors with another build than the driver's: their results would not mix. */
  static void requireSameJar(RuntimeReport driver, List<RuntimeReport> executors) {
    for (RuntimeReport executor : executors) {
      if (!executor.jar().equals(driver.jar())) {
        throw DdpmException.environment(
            "Executor %s on %s runs another build of the job jar (%s) than the driver (%s): deploy"
                + " one build everywhere.",
            executor.process(), executor.host(), executor.jar(), driver.jar());
      }
    }
  }

  /**
   * What is worth saying, one sentence each.
   *
   * @param compared the JVM whose back end all should have
   */
  static List<String> warnings(
      RuntimeReport driver, RuntimeReport compared, List<RuntimeReport> executors, int taskCpus) {
    List<String> warnings = new ArrayList<>();
    String wanted = Integer.toString(taskCpus);
    for (RuntimeReport executor : executors) {
      if (!executor.ompThreads().equals(wanted)) {
        warnings.add(
            String.format(
                "Executor %s on %s: OMP_NUM_THREADS is %s, but a task has %s core(s); set it to"
                    + " spark.task.cpus, or every task runs as many threads as the machine has"
                    + " cores.",
                executor.process(), executor.host(), executor.ompThreads(), wanted));
      }
      String backend = executor.computing().backend();
      if (!backend.equals(compared.computing().backend())) {
        warnings.add(
            String.format(
                "Executor %s computes with %s, %s with %s: results agree within rounding, not bit"
                    + " for bit.",
                executor.told(),
                backend,
                compared.equals(driver) ? "the driver" : "executor " + compared.told(),
                compared.computing().backend()));
      }
      if (!executor.computing().passedOver().isEmpty()) {
        warnings.add(
            String.format(
                "Executor %s computes on the CPU, because its card does not serve: %s",
                executor.told(), executor.computing().passedOver()));
      }
      for (CardState card : executor.computing().cards()) {
        List<RuntimeReport> users = users(executors, card);
        if (users.size() > 1 && users.get(0).equals(executor)) {
          warnings.add(
              String.format(
                  "%s, %s, is shared by executors %s: have Spark give out the GPUs (--gpus of the"
                      + " scripts), or run one executor per GPU.",
                  card.told(),
                  card.uuid(),
                  users.stream().map(RuntimeReport::told).collect(joining(" and "))));
        }
      }
      if (!executor.java().equals(driver.java())) {
        warnings.add(
            String.format(
                "Executor %s on %s runs Java %s, the driver Java %s.",
                executor.process(), executor.host(), executor.java(), driver.java()));
      }
    }
    return warnings;
  }
}
