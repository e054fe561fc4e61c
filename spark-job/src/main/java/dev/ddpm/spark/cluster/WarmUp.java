package dev.ddpm.spark.cluster;

import static java.util.stream.Collectors.joining;

import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.nd4j.Nd4jNatives;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.LossWeighting;
import dev.ddpm.diffusion.NoiseSchedule;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.TimestepShares;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.MemorySaving;
import dev.ddpm.training.LearningRate;
import dev.ddpm.training.Optimiser;
import dev.ddpm.training.Replica;
import dev.ddpm.training.TrainingSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains tiny networks for nobody while a process waits for its first task: Spark starts, or looks
 * for executors, and takes less than the cores there are. Tensor library and kernels are then
 * loaded and compiled when the task comes, whose first seconds would otherwise be several times
 * slower. What it computes is thrown away; nothing that a task computes depends on it.
 */
public final class WarmUp {
  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

  /**
   * As wide as the smallest networks in use, so that kernels meet the loops that they will run; and
   * with images of two sizes, of which one has maps that fill no tiles and no vectors.
   */
  private static final List<Architecture> TINY = List.of(tiny(16), tiny(12));

  /**
   * Steps of a network before another takes its place. What happens once in the life of a network
   * would otherwise be left out when it is compiled, and the first step of a task's own network
   * throw away the code of most kernels.
   */
  private static final int STEPS_OF_EACH = 40;

  private static final int TIMESTEPS = 1000;

  /** Spark's setting beside {@code spark.plugins}, which is the user's. */
  private static final String PLUGINS = "spark.plugins.defaultList";

  /** A process that gets no task leaves its cores to others. */
  private static final Duration LONGEST = Duration.ofSeconds(15);

  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static final AtomicInteger STEPS = new AtomicInteger();
  private static volatile boolean ended;

  private WarmUp() {}

  /**
   * The session of a command whose tasks compute networks. Executors warm up as they start, and so
   * does a driver that computes by itself, at once. Those with GPUs have nothing to warm up.
   */
  public static SparkSession session() {
    SparkSession.Builder builder = SparkSession.builder();
    SparkConf settings = new SparkConf();
    String master = settings.get("spark.master", "");
    if (master.equals("local") || master.startsWith("local[")) {
      begin();
    } else if (!master.isEmpty() && !GivenGpus.any(settings)) {
      builder.config(PLUGINS, plugins(settings.get(PLUGINS, "")));
    }
    return builder.getOrCreate();
  }

  /** The plugins that there are, and that of the warm-up. */
  static String plugins(String others) {
    return Stream.of(others, WarmUpPlugin.class.getName())
        .filter(name -> !name.isBlank())
        .collect(joining(","));
  }

  /** Begins, in the background, where it has not begun before. */
  static void begin() {
    if (BEGUN.compareAndSet(false, true)) {
      Thread thread = new Thread(WarmUp::run, "warm-up");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Ends after the step, or the network, under way: the cores are needed for what is asked for. */
  static void end() {
    ended = true;
  }

  /** Steps that were made in this process. */
  static int steps() {
    return STEPS.get();
  }

  private static void run() {
    long start = System.nanoTime();
    try {
      // On a GPU nothing is compiled, and which one is the task's is not known yet.
      if (!Nd4jNatives.isCpu()) {
        return;
      }
      loadBuffers();
      for (int i = 0; goesOn(start); i++) {
        train(TINY.get(i % TINY.size()), start);
      }
    } catch (RuntimeException | LinkageError | OutOfMemoryError failed) {
      // The self-check meets the same, and says it so that it is understood.
      LOG.debug("The warm-up failed", failed);
    }
    LOG.debug("Warm-up: {} steps in {} s", STEPS, (System.nanoTime() - start) / 1e9);
  }

  /**
   * The kernels of a JVM that knows one kind of {@link FloatBuffer} are compiled for that alone,
   * and thrown away when another is loaded: that of the bytes of a state, which a task reads first.
   */
  private static void loadBuffers() {
    ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  private static boolean goesOn(long start) {
    return !ended && System.nanoTime() - start < LONGEST.toNanos();
  }

  private static void train(Architecture tiny, long start) {
    Replica replica = replica(tiny);
    byte[][] pixels = new byte[1][tiny.imageShape().size()];
    int[] labels = {ClassLabels.NO_LABEL};
    long[] ids = {0};
    for (int step = 0; step < STEPS_OF_EACH && goesOn(start); step++) {
      replica.step(STEPS.getAndIncrement(), ids, pixels, labels);
    }
  }

  private static Architecture tiny(int side) {
    return new LabmlUNet(1, side, side, 32, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);
  }

  private static Replica replica(Architecture tiny) {
    var training =
        new TrainingSpec(
            Prediction.EPSILON,
            LossWeighting.UNIFORM,
            TimestepShares.UNIFORM,
            DataRange.MINUS_ONE_TO_ONE,
            true,
            0,
            Optimiser.ADAM,
            LearningRate.constant(1e-4, 0),
            1,
            0,
            0);
    return new Replica(
        Networks.create(
            tiny,
            0,
            training.optimiser(),
            training.learningRate(),
            MemorySaving.NONE,
            Backends.best(Backend.class, Precision.FLOAT32),
            Precision.FLOAT32),
        NoiseSchedule.linear(TIMESTEPS),
        training);
  }
}
