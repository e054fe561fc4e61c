package dev.ddpm.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.train.ChildJvm;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Executors and drivers that end while sets of images are compared, and features that are damaged
 * meanwhile: the figures are those of an evaluation that was left alone, to the bit.
 */
@Timeout(value = 480, unit = TimeUnit.SECONDS)
class SetFaultTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final Set<MetricChoice> METRICS =
      Set.of(
          MetricChoice.FRECHET,
          MetricChoice.KID,
          MetricChoice.PRECISION,
          MetricChoice.RECALL,
          MetricChoice.DENSITY,
          MetricChoice.COVERAGE);

  /** Some of what is computed one after the other, as Spark's jobs are described. */
  private static final Set<String> PHASES =
      Set.of(
          "Features of 3,500 images",
          "Moments of features",
          "Kernel distances of all pairs",
          "Neighbours of real images");

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path real;
  private static Path generated;
  private static Map<String, Object> undisturbed;

  @BeforeAll
  static void evaluateUndisturbed() {
    real = write("real", 3500);
    generated = write("generated", 2500);
    undisturbed = run(SPARK.session(), shared.resolve("out"), shared.resolve("cache"));
  }

  private static Path write(String name, int images) {
    Random random = new Random(images);
    float[] vectors = new float[16 * images];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = (float) random.nextGaussian();
    }
    Path path = shared.resolve(name);
    RawTable.of(SPARK.session(), 8, 8, VectorImages.of(vectors))
        .repartition(3)
        .write()
        .parquet(path.toString());
    return path;
  }

  static Map<String, Object> run(SparkSession spark, Path output, Path cache) {
    return evaluate(
        spark, real, generated, output, cache, new VectorImages.Spec(), new StringWriter());
  }

  /** Evaluates, and tells the figures and what they depend on, without paths. */
  static Map<String, Object> evaluate(
      SparkSession spark,
      Path data,
      Path samples,
      Path output,
      Path cache,
      ExtractorSpec extractor,
      StringWriter out) {
    EvaluateJob.Request request =
        new Asked(data, output)
            .metrics(METRICS)
            .samples(samples)
            .extractor(extractor)
            .cache(cache)
            .request();
    return new TreeMap<>(new EvaluateJob(spark, new PrintWriter(out)).run(request).summary());
  }

  /** In each phase an executor with a task in its hands. */
  @Test
  void executorsKilledInEveryPhase() {
    SparkSession cluster =
        SPARK.session("local-cluster[2,1,1024]", LocalSpark.executorSettings(""));
    var killer = new KillExecutors();
    cluster.sparkContext().addSparkListener(killer);

    Map<String, Object> figures;
    try {
      figures = run(cluster, folder.resolve("out"), folder.resolve("cache"));
    } finally {
      cluster.sparkContext().removeSparkListener(killer);
    }

    assertThat(killer.killed).containsExactlyInAnyOrderElementsOf(PHASES);
    assertThat(killer.lostTasks).isPositive();
    assertThat(figures).isEqualTo(undisturbed);
  }

  /** It has written some files of features when it ends; one of them is then damaged. */
  @Test
  void afterAKilledDriverAndDamageTheRestIsComputed() throws Exception {
    Path cache = folder.resolve("cache");
    int code =
        ChildJvm.run(
            folder.resolve("log"),
            300,
            List.of("-Xmx1g"),
            HaltingEvaluation.class,
            real.toString(),
            generated.toString(),
            folder.resolve("killed").toString(),
            cache.toString());
    assertThat(code)
        .as(Files.readString(folder.resolve("log")))
        .isEqualTo(HaltingEvaluation.HALTED);
    assertThat(folder.resolve("killed/evaluation.json")).doesNotExist();
    List<Path> left = files(cache);
    assertThat(left).hasSizeBetween(1, 3);
    byte[] bytes = Files.readAllBytes(left.get(0));
    bytes[bytes.length / 2] ^= 1;
    Files.write(left.get(0), bytes);

    StringWriter out = new StringWriter();
    Map<String, Object> figures =
        evaluate(
            SPARK.session(),
            real,
            generated,
            folder.resolve("killed"),
            cache,
            new VectorImages.Spec(),
            out);

    assertThat(out.toString())
        .contains(left.get(0) + " is damaged: its ")
        .contains(
            "Features of %s: %d of 4 files are there already.".formatted(real, left.size() - 1));
    assertThat(figures).isEqualTo(undisturbed);
    List<Path> whole = files(shared.resolve("cache"));
    List<Path> again = files(cache);
    assertThat(again).hasSameSizeAs(whole);
    for (int i = 0; i < whole.size(); i++) {
      assertThat(rows(again.get(i))).isEqualTo(rows(whole.get(i)));
    }
  }

  private static List<Row> rows(Path file) {
    return SPARK.session().read().parquet(file.toString()).orderBy("id").collectAsList();
  }

  private static List<Path> files(Path cache) throws IOException {
    try (Stream<Path> files = Files.walk(cache)) {
      return files
          .filter(file -> file.getFileName().toString().matches("\\d.*\\.parquet"))
          .sorted()
          .toList();
    }
  }

  /** Kills all executors when the first task of a phase has begun. */
  private static final class KillExecutors extends SparkListener {
    private final Map<Integer, String> phaseOfStage = new HashMap<>();
    private final Set<String> waiting = new HashSet<>(PHASES);
    private final List<String> killed = new ArrayList<>();
    private int lostTasks;

    @Override
    public void onJobStart(SparkListenerJobStart start) {
      String phase = start.properties().getProperty("spark.job.description", "");
      for (int i = 0; i < start.stageIds().size(); i++) {
        phaseOfStage.put((Integer) start.stageIds().apply(i), phase);
      }
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
      String phase = phaseOfStage.getOrDefault(start.stageId(), "");
      if (waiting.remove(phase)) {
        killed.add(phase);
        ProcessHandle.current()
            .descendants()
            .filter(process -> process.info().command().orElse("").endsWith("/java"))
            .forEach(ProcessHandle::destroyForcibly);
      }
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      if (end.reason() instanceof ExecutorLostFailure) {
        lostTasks++;
      }
    }
  }
}
