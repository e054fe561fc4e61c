package dev.ddpm.spark.compare;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What was measured of a sampler with a number of steps.
 *
 * @param sampler its name, with the settings that are its own
 * @param steps timesteps asked for
 * @param calls of the model for an image
 * @param secondsPerImage that passed
 * @param cpuSecondsPerImage that the process computed
 * @param distanceToAllSteps root of the mean squared difference from the images with all timesteps,
 *     in levels of 0..255
 * @param distanceToDdim the same from those of DDIM with all timesteps
 * @param frechet the Fréchet distance to the images of a table and its standard error; empty if
 *     there is no table, and without an error if there are too few images for one
 */
record ComparisonRow(
    String sampler,
    int steps,
    int calls,
    double secondsPerImage,
    double cpuSecondsPerImage,
    double distanceToAllSteps,
    double distanceToDdim,
    List<Double> frechet) {

  /** A distance by so much above the best is still taken for as good. */
  private static final double AS_GOOD = 1.05;

  ComparisonRow {
    frechet = List.copyOf(frechet);
  }

  /** The two lines above rows. */
  static String head(boolean judged) {
    return "| sampler | steps | calls | s per image | CPU s per image | distance to all steps |"
        + " distance to DDIM with all |"
        + (judged ? " Fréchet distance to the data |" : "")
        + "\n|---|---|---|---|---|---|---|"
        + (judged ? "---|" : "");
  }

  /** The row of a table in Markdown. */
  String line() {
    return String.format(
        Locale.ROOT,
        "| %s | %d | %d | %.2f | %.2f | %.1f | %.1f |%s",
        sampler,
        steps,
        calls,
        secondsPerImage,
        cpuSecondsPerImage,
        distanceToAllSteps,
        distanceToDdim,
        frechet.isEmpty() ? "" : " %s |".formatted(distance()));
  }

  private String distance() {
    return String.format(Locale.ROOT, "%.2f", frechet.get(0))
        + (frechet.size() < 2 ? "" : String.format(Locale.ROOT, " ± %.2f", frechet.get(1)));
  }

  private String told() {
    return String.format(
        Locale.ROOT, "%s, %d steps (%,d calls, %s)", sampler, steps, calls, distance());
  }

  /**
   * Which of several is nearest to the data, and which costs least among those that are hardly
   * farther: fewest calls, and of as many calls the nearer one.
   *
   * @return a sentence or two; empty if none was compared with data
   */
  static Optional<String> recommendation(List<ComparisonRow> rows) {
    Comparator<ComparisonRow> nearer = Comparator.comparingDouble(row -> row.frechet().get(0));
    List<ComparisonRow> judged = rows.stream().filter(row -> !row.frechet().isEmpty()).toList();
    return judged.stream()
        .min(nearer)
        .map(
            best -> {
              ComparisonRow cheapest =
                  judged.stream()
                      .filter(row -> row.frechet().get(0) <= AS_GOOD * best.frechet().get(0))
                      .min(Comparator.comparingInt(ComparisonRow::calls).thenComparing(nearer))
                      .orElseThrow();
              return "Nearest to the data: %s. Cheapest within 5 %% of that: %s."
                  .formatted(best.told(), cheapest.told());
            });
  }
}
