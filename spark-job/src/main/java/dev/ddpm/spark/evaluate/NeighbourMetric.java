package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.Mean;
import dev.ddpm.spark.cluster.ClusterJob;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.parquet.schema.MessageType;

/** A mean over the images of one of the sets, of what their neighbours in the other set say. */
abstract class NeighbourMetric extends SetMetric {
  @Override
  final int fewest() {
    return Neighbourhoods.DENSITY + 1;
  }

  @Override
  final long taskHeap(ComparedSets sets) {
    long block = FeatureFiles.SHARD;
    return 4 * block * 256 * Double.BYTES + 3 * Double.BYTES * images(sets);
  }

  @Override
  final long driverHeap(ComparedSets sets) {
    return 24L * Double.BYTES * images(sets);
  }

  private static long images(ComparedSets sets) {
    return sets.real().images() + sets.generated().images();
  }

  /** What the mean is called in the result for people. */
  abstract String title();

  /** The set over whose images the mean is taken. */
  abstract ImageSet over(ComparedSets sets);

  /** The value of an image. */
  abstract double value(Neighbourhoods neighbourhoods, int image);

  /** The row of an image in the table, whose first column is its id. */
  abstract List<Object> row(Neighbourhoods neighbourhoods, int image);

  /** The columns of the table. */
  abstract MessageType schema();

  /** How many neighbours make the radius of a ball. */
  abstract int neighbours();

  /** Further figures, for people and for the summary, by what they are called. */
  Map<String, Double> further(ComparedSets sets) {
    return Map.of();
  }

  /** What there is to see. */
  List<PicturePairs> pictures(ComparedSets sets, Neighbourhoods neighbourhoods) {
    return List.of();
  }

  @Override
  final Measured compute(ClusterJob job, Evaluation evaluation, ComparedSets sets) {
    Neighbourhoods neighbourhoods = evaluation.shared().neighbourhoods(job, sets);
    int images = Math.toIntExact(over(sets).images());
    double[] values = new double[images];
    List<List<Object>> rows = new ArrayList<>(images);
    for (int image = 0; image < images; image++) {
      values[image] = value(neighbourhoods, image);
      rows.add(row(neighbourhoods, image));
    }
    Mean mean = Mean.of(values);
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put(name(), mean.value());
    summary.put(name() + "_standard_error", mean.standardError());
    summary.put(name() + "_neighbours", neighbours());
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "%s %.4f (standard error %.4f from %,d images, %d neighbours)",
            title(),
            mean.value(),
            mean.standardError(),
            images,
            neighbours()));
    further(sets)
        .forEach(
            (name, value) -> {
              summary.put(name() + "_" + name.replace(' ', '_'), value);
              line.append(String.format(Locale.ROOT, "; %s %.4f", name, value));
            });
    return new Measured(line.toString(), summary, schema(), rows, pictures(sets, neighbourhoods));
  }
}
