package dev.ddpm.spark.train.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.train.dl4j.FaultHook.Fault;
import dev.ddpm.spark.train.dl4j.FaultHook.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import scala.Tuple2;

/**
 * Executors that end and tasks that throw, on a cluster of two processes: training comes to the
 * very weights of a run without faults, in bounded time.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ExecutorFaultTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static JavaSparkContext cluster;
  private static float[] undisturbed;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    undisturbed = TinyTraining.weights(TinyTraining.train(SPARK.context("local[2]"), 2));
    cluster =
        JavaSparkContext.fromSparkContext(
            SPARK
                .session("local-cluster[2,1,1024]", TinyTraining.executorSettings())
                .sparkContext());
  }

  @Test
  void anExecutorHaltedInTheMiddleOfARound() {
    var fault = new Fault(Kind.HALT, TinyTraining.imageOf(1, 1, 1));

    assertThat(train(fault)).isEqualTo(undisturbed);
    assertThat(FaultHook.mark(folder, fault)).exists();
  }

  /**
   * In small, with classes and colours: two blocks a level, attention, padding at the end, dropout.
   */
  @Test
  void anExecutorHaltedWhileItTrainsThePapersNetwork() {
    Unet2d network =
        new Unet2d(
            3,
            8,
            8,
            List.of(8, 16),
            List.of(false, true),
            2,
            8,
            1e-6,
            0,
            Unet2d.Middle.PLAIN,
            TimeEncoding.SINES_FIRST,
            0,
            false,
            0.1,
            4,
            false);
    float[] alone = TinyTraining.weights(TinyTraining.train(cluster, network, 1));
    var fault = new Fault(Kind.HALT, TinyTraining.imageOf(1, 1, 1));

    float[] halted =
        TinyTraining.weights(
            TinyTraining.train(cluster, network, 1, new FaultHook(folder, List.of(fault))));

    assertThat(halted).isEqualTo(alone);
    assertThat(FaultHook.mark(folder, fault)).exists();
  }

  @Test
  void executorsHaltedAgainAndAgain() {
    Fault[] faults =
        IntStream.range(0, 3)
            .mapToObj(
                round -> new Fault(Kind.HALT, TinyTraining.imageOf(round, round % 2, round % 2)))
            .toArray(Fault[]::new);

    assertThat(train(faults)).isEqualTo(undisturbed);
    assertThat(faults).allSatisfy(fault -> assertThat(FaultHook.mark(folder, fault)).exists());
  }

  @Test
  void aTaskThatThrowsOnce() {
    var fault = new Fault(Kind.THROW, TinyTraining.imageOf(2, 0, 1));

    assertThat(train(fault)).isEqualTo(undisturbed);
    assertThat(FaultHook.mark(folder, fault)).exists();
  }

  @Test
  void anExecutorKilledWhileItAverages() {
    Map<String, Long> processes =
        Map.copyOf(
            cluster
                .parallelize(IntStream.range(0, 8).boxed().toList(), 8)
                .mapToPair(
                    task -> {
                      TimeUnit.MILLISECONDS.sleep(200);
                      return new Tuple2<>(
                          SparkEnv.get().executorId(), ProcessHandle.current().pid());
                    })
                .collectAsMap());
    var killer = new KillAveragingExecutor(processes, 2);
    cluster.sc().addSparkListener(killer);
    try {
      assertThat(TinyTraining.weights(TinyTraining.train(cluster, 2))).isEqualTo(undisturbed);
    } finally {
      cluster.sc().removeSparkListener(killer);
    }
    assertThat(killer.killed.get()).isEqualTo(1);
  }

  private float[] train(Fault... faults) {
    return TinyTraining.weights(
        TinyTraining.train(cluster, 2, new FaultHook(folder, List.of(faults))));
  }

  /** Kills the process of the executor that has just begun with the last stage of a job. */
  private static final class KillAveragingExecutor extends SparkListener {
    private final Map<String, Long> processes;
    private final int job;
    private final AtomicInteger jobs = new AtomicInteger();
    private final AtomicInteger killed = new AtomicInteger();
    private final Map<Integer, Boolean> doomed = new ConcurrentHashMap<>();

    /**
     * A killer.
     *
     * @param processes process number of each executor
     * @param job which job is hit, from 1
     */
    KillAveragingExecutor(Map<String, Long> processes, int job) {
      this.processes = processes;
      this.job = job;
    }

    @Override
    public void onJobStart(SparkListenerJobStart start) {
      if (jobs.incrementAndGet() == job) {
        int last = 0;
        for (int i = 0; i < start.stageIds().size(); i++) {
          last = Math.max(last, (Integer) start.stageIds().apply(i));
        }
        doomed.put(last, true);
      }
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
      if (doomed.remove(start.stageId()) != null) {
        killed.incrementAndGet();
        ProcessHandle.of(processes.get(start.taskInfo().executorId()))
            .ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }
}
