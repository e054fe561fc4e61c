package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
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
public final class RuntimeCheck {
  private static final Logger LOG = LoggerFactory.getLogger(RuntimeCheck.class);

  /** Time without a new executor after which no more are waited for. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
  private static final String SERIALIZER = "spark.serializer";
  private static final String JAVA_SERIALIZER = "org.apache.spark.serializer.JavaSerializer";

  private RuntimeCheck() {}

  /**
   * Runs one task per slot, logs what was found and returns the number of slots.
   *
   * @param here describes that of the driver
   * @param backend describes the tensor library of the JVM that calls it, in one line
   * @return tasks that the cluster runs at a time, as far as its executors have registered
   * @throws DdpmException (user) if Spark serialises by Kryo; (environment) if an executor runs
   *     another build of the job jar
   */
  public static int run(JavaSparkContext spark, Supplier<String> here, Function0<String> backend) {
    requireJavaSerializer(spark.getConf());
    int taskCpus = spark.getConf().getInt("spark.task.cpus", 1);
    int slots = slots(spark.sc());
    RuntimeReport driver = report(here::get);
    List<RuntimeReport> executors = executors(spark, backend, slots);
    requireSameJar(driver, executors);
    LOG.info("Driver on {}: {}", driver.host(), driver.setup());
    LOG.info("{} task slot(s) of {} core(s) on {} executor(s)", slots, taskCpus, executors.size());
    warnings(driver, executors, taskCpus).forEach(LOG::warn);
    return slots;
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
      JavaSparkContext spark, Function0<String> backend, int slots) {
    spark.setJobDescription("self-check");
    try {
      Map<String, RuntimeReport> byProcess = new TreeMap<>();
      spark
          .parallelize(IntStream.range(0, slots).boxed().toList(), slots)
          .map(slot -> report(backend))
          .collect()
          .forEach(report -> byProcess.put(report.process(), report));
      return List.copyOf(byProcess.values());
    } finally {
      spark.setJobDescription(null);
    }
  }

  private static RuntimeReport report(Function0<String> backend) {
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

  /** What is worth saying, one sentence each. */
  static List<String> warnings(RuntimeReport driver, List<RuntimeReport> executors, int taskCpus) {
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
      if (!executor.backend().equals(driver.backend())) {
        warnings.add(
            String.format(
                "Executor %s on %s computes with %s, the driver with %s: results agree within"
                    + " rounding, not bit for bit.",
                executor.process(), executor.host(), executor.backend(), driver.backend()));
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
