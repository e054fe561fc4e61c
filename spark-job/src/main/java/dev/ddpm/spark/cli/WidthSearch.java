package dev.ddpm.spark.cli;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.ema.EmaJob;
import dev.ddpm.spark.evaluate.EvaluateJob;
import dev.ddpm.spark.evaluate.MetricChoice;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.training.PowerProfile;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;

/**
 * Evaluates averages of several widths of one run, and tells the best. For each width there is a
 * folder {@code width-0.05} with {@code model}, the model folder, and {@code evaluation}.
 */
final class WidthSearch {
  /** Those of which less is better. */
  private static final Set<MetricChoice> SEARCHED =
      EnumSet.of(MetricChoice.BITS_PER_DIM, MetricChoice.FRECHET, MetricChoice.KID);

  private final Configuration configuration;
  private final PrintWriter out;

  WidthSearch(Configuration configuration, PrintWriter out) {
    this.configuration = configuration;
    this.out = out;
  }

  /**
   * Makes and evaluates the averages one after the other.
   *
   * @param run path of the run folder
   * @param widths at least one; one that is there twice counts once
   * @param output path of a new or an empty folder
   * @param evaluate evaluates the model folder of the first path into the folder of the second
   * @throws DdpmException (user) if a metric cannot say what is better, or the output folder is in
   *     use, and as {@link EmaJob#run} and the evaluation do
   */
  void run(
      String run,
      List<Double> widths,
      String output,
      Collection<MetricChoice> metrics,
      BiFunction<String, String, EvaluateJob.Result> evaluate) {
    for (MetricChoice metric : metrics) {
      if (!SEARCHED.contains(metric)) {
        throw DdpmException.user(
            "--metrics = %s: does not say which of --ema-widths is best; take one of %s.",
            Word.of(metric), String.join(", ", SEARCHED.stream().map(Word::of).toList()));
      }
    }
    NamedFolder.of("--output", output, configuration).requireEmpty();
    Map<MetricChoice, Double> least = new EnumMap<>(MetricChoice.class);
    Map<MetricChoice, Double> best = new EnumMap<>(MetricChoice.class);
    for (double width : new LinkedHashSet<>(widths)) {
      String folder = output + "/width-" + width;
      EmaJob.Result made =
          new EmaJob(configuration)
              .run(new EmaJob.Request(run, new PowerProfile(width), folder + "/model"));
      EvaluateJob.Result result = evaluate.apply(folder + "/model", folder + "/evaluation");
      result.lines().forEach(line -> out.println("Width %s: %s".formatted(width, line)));
      if (!made.missing().isEmpty()) {
        out.println("Snapshots of rounds that are missing: " + made.missing());
      }
      for (MetricChoice metric : metrics) {
        double figure = figure(result, metric);
        if (figure < least.getOrDefault(metric, Double.POSITIVE_INFINITY)) {
          least.put(metric, figure);
          best.put(metric, width);
        }
      }
    }
    best.forEach(
        (metric, width) ->
            out.println(
                "Best by %s: width %s, %s"
                    .formatted(Word.of(metric), width, output + "/width-" + width + "/model")));
  }

  private static double figure(EvaluateJob.Result result, MetricChoice metric) {
    String name = Word.of(metric).replace('-', '_');
    if (result.summary().get(name) instanceof Number figure) {
      return figure.doubleValue();
    }
    throw new IllegalStateException("The summary has no " + name + ".");
  }
}
