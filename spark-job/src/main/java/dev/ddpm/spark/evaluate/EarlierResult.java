package dev.ddpm.spark.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.NamedFolder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The summary of an earlier evaluation, beside which the figures of this one are put. */
final class EarlierResult {
  /** Unknown before there are samples, if all are compared. */
  private static final String SAMPLES = "samples_images";

  /** Settings that must be the same for two figures to be of the same thing. */
  private static final List<String> SAME =
      List.of(
          "data_fingerprint",
          "images",
          SAMPLES,
          "extractor",
          "features",
          "held_out_fingerprint",
          "held_out_images");

  private static final String ERROR = "_standard_error";

  private final String path;
  private final JsonNode summary;

  private EarlierResult(String path, JsonNode summary) {
    this.path = path;
    this.summary = summary;
  }

  /**
   * Reads the summary in an output folder.
   *
   * @throws DdpmException (data) if there is none, or it is damaged
   */
  static EarlierResult read(String path, Configuration configuration) {
    NamedFolder folder = NamedFolder.of("--compare-with", path, configuration);
    Path file = new Path(folder.path(), EvaluateJob.SUMMARY);
    try (InputStream in = folder.files().open(file)) {
      byte[] json = EvaluateJob.FORMAT.upgrade(in.readAllBytes(), file.toString());
      return new EarlierResult(path, new JsonMapper().readTree(json));
    } catch (FileNotFoundException none) {
      throw DdpmException.data(none, "--compare-with = %s: has no %s.", path, EvaluateJob.SUMMARY);
    } catch (IOException e) {
      throw folder.unusable(e);
    }
  }

  /**
   * Checks that its figures may be compared with others.
   *
   * @param settings of the others, by their names in the summary; perhaps without the number of
   *     samples
   * @throws DdpmException (user) naming the first that differs
   */
  void requireSame(Map<String, Object> settings) {
    JsonNode mine = Json.object(settings);
    for (String key : SAME) {
      boolean unknown = key.equals(SAMPLES) && !settings.containsKey(key);
      if (!unknown && !mine.path(key).toString().equals(summary.path(key).toString())) {
        throw DdpmException.user(
            "--compare-with = %s: %s is %s there and %s here; figures of different settings are"
                + " never compared.",
            path, key, shown(summary.path(key)), shown(mine.path(key)));
      }
    }
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "nothing" : value.toString();
  }

  /** A line for each metric that both have: before, now, and how sure the difference is. */
  List<String> lines(Map<String, Object> now) {
    List<String> lines = new ArrayList<>();
    for (String name : now.keySet()) {
      Optional<Double> error = number(now, name + ERROR);
      if (error.isPresent() && summary.path(name).isNumber()) {
        double before = summary.path(name).asDouble();
        double difference = number(now, name).orElseThrow() - before;
        double both = Math.hypot(error.get(), summary.path(name + ERROR).asDouble());
        lines.add(
            String.format(
                Locale.ROOT,
                "%s: %.6g here, %.6g in %s; difference %+.6g (standard error %.2g)",
                name,
                before + difference,
                before,
                path,
                difference,
                both));
      }
    }
    return lines;
  }

  private static Optional<Double> number(Map<String, Object> summary, String name) {
    return summary.get(name) instanceof Number number
        ? Optional.of(number.doubleValue())
        : Optional.empty();
  }
}
