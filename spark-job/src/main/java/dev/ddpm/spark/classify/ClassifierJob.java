package dev.ddpm.spark.classify;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.evaluation.classifier.Classifier;
import dev.ddpm.evaluation.classifier.ClassifierFolder;
import dev.ddpm.evaluation.classifier.ClassifierPlan;
import dev.ddpm.evaluation.classifier.LabelledImages;
import dev.ddpm.network.dl4j.ClassifierTraining;
import dev.ddpm.random.Permutation;
import dev.ddpm.random.Stream;
import dev.ddpm.spark.cluster.ProgramVersion;
import dev.ddpm.spark.io.NamedFolder;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;

/**
 * Trains a classifier on the labels of a table, on the driver alone: it is small, and minutes
 * suffice. How good it is, is measured on images that it was not trained on.
 */
public final class ClassifierJob {
  /** Without a table of its own, one image of so many is held out. */
  private static final int HELD_OUT = 10;

  private final SparkSession spark;
  private final PrintWriter out;

  /**
   * Touches nothing before {@link #run}.
   *
   * @param out receives lines of progress
   */
  public ClassifierJob(SparkSession spark, PrintWriter out) {
    this.spark = spark;
    this.out = out;
  }

  /**
   * What is to be trained.
   *
   * @param table path of an image table with labels from 0 on
   * @param test path of a table of held-out images; a tenth of the table is held out if absent
   * @param output path of the folder, new or empty
   * @param images how many of the table are used, from id 0 on; all if absent
   * @param epochs how often each image is used
   * @param seed of weights and orders
   */
  public record Request(
      String table,
      Optional<String> test,
      String output,
      OptionalLong images,
      int epochs,
      long seed) {}

  /**
   * What was trained.
   *
   * @param right held-out images that were recognised
   * @param heldOut all held-out images
   */
  public record Result(int right, int heldOut) {
    /** The line for people, which is stored too. */
    public String accuracy() {
      return String.format(
          Locale.ROOT,
          "%,d of %,d held-out images recognised (%.2f %%)",
          right,
          heldOut,
          100.0 * right / heldOut);
    }
  }

  /**
   * Trains a classifier and writes it.
   *
   * @throws DdpmException (data) for a table without classes or with too few images; (user) for one
   *     whose images it cannot take, or an output folder that is in use
   */
  public Result run(Request request) {
    NamedFolder output =
        NamedFolder.of("--output", request.output(), spark.sparkContext().hadoopConfiguration())
            .requireEmpty()
            .requireWritable();
    LabelledTable table =
        LabelledTable.read(
            spark, "--data", request.table(), request.images().orElse(Long.MAX_VALUE));
    requireClasses(request, table);
    LabelledTable training = table;
    LabelledTable heldOut;
    if (request.test().isPresent()) {
      heldOut = LabelledTable.read(spark, "--test", request.test().get(), Long.MAX_VALUE);
      requireSameKind(request, table, heldOut);
    } else {
      if (table.size() < HELD_OUT) {
        throw DdpmException.data(
            "--data = %s: has %d images, of which one in %d is held out: at least %d are needed.",
            request.table(), table.size(), HELD_OUT, HELD_OUT);
      }
      int[] order = order(request.seed(), table.size());
      int border = table.size() / HELD_OUT;
      heldOut = table.only(IntStream.range(0, border).map(i -> order[i]).toArray());
      training = table.only(IntStream.range(border, order.length).map(i -> order[i]).toArray());
    }
    return train(request, output, table, training, heldOut);
  }

  private static void requireClasses(Request request, LabelledTable table) {
    if (table.classes() < 2 || table.classes() > ClassifierPlan.MAXIMUM_CLASSES) {
      throw DdpmException.data(
          "--data = %s: has labels up to %d: a classifier tells 2 to %,d classes apart, numbered"
              + " from 0 on.",
          request.table(), table.classes() - 1, ClassifierPlan.MAXIMUM_CLASSES);
    }
    int channels = table.shape().channels();
    if (channels != 1 && channels != 3) {
      throw DdpmException.user(
          "--data = %s: has images of %d channels: a classifier takes 1 (grey) or 3 (RGB); 'ddpm"
              + " ingest --channels' makes a table of such.",
          request.table(), channels);
    }
  }

  private static int[] order(long seed, int size) {
    Permutation permutation = Permutation.of(seed, Stream.SPLIT, 0, size);
    return IntStream.range(0, size).map(i -> (int) permutation.at(i)).toArray();
  }

  private static void requireSameKind(Request request, LabelledTable table, LabelledTable test) {
    if (!test.shape().equals(table.shape()) || test.classes() > table.classes()) {
      throw DdpmException.data(
          "--test = %s: has images of %s in %d classes, but those of --data = %s are of %s in %d.",
          request.test().orElseThrow(),
          test.shape(),
          test.classes(),
          request.table(),
          table.shape(),
          table.classes());
    }
    if (!test.labelNames().isEmpty()
        && !table.labelNames().isEmpty()
        && !test.labelNames().equals(table.labelNames())) {
      throw DdpmException.data(
          "--test = %s: has other classes (%s) than --data = %s (%s).",
          request.test().orElseThrow(),
          String.join(", ", test.labelNames()),
          request.table(),
          String.join(", ", table.labelNames()));
    }
  }

  private Result train(
      Request request,
      NamedFolder output,
      LabelledTable all,
      LabelledTable training,
      LabelledTable heldOut) {
    ClassifierPlan plan = ClassifierPlan.of(all.shape(), (int) all.classes());
    out.printf(
        Locale.ROOT, "Training on %,d images of %d classes.%n", training.size(), all.classes());
    NamedTensors weights =
        ClassifierTraining.train(
            plan,
            training.inputs(plan),
            request.epochs(),
            request.seed(),
            (epoch, loss) ->
                out.printf(
                    Locale.ROOT, "Epoch %d of %d: loss %.4f%n", epoch, request.epochs(), loss));
    Result result = test(new Classifier(plan, weights), heldOut.inputs(plan));
    Map<String, String> provenance = new TreeMap<>();
    provenance.put("images", String.valueOf(training.size()));
    provenance.put("table", training.fingerprint());
    provenance.put("held-out-table", heldOut.fingerprint());
    provenance.put("epochs", String.valueOf(request.epochs()));
    provenance.put("seed", String.valueOf(request.seed()));
    provenance.put("accuracy", result.accuracy());
    provenance.put("version", ProgramVersion.ofJar());
    ClassifierFolder.write(output.store(), plan, all.classNames(), weights, provenance);
    return result;
  }

  private static Result test(Classifier classifier, LabelledImages heldOut) {
    float[] input = new float[classifier.plan().input().size()];
    int right = 0;
    for (int i = 0; i < heldOut.size(); i++) {
      heldOut.input(i, input);
      if (classifier.classOf(input) == heldOut.label(i)) {
        right++;
      }
    }
    return new Result(right, heldOut.size());
  }
}
