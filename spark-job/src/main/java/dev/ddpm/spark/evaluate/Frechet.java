package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureMoments;
import dev.ddpm.evaluation.FrechetDistance;
import dev.ddpm.evaluation.FrechetError;
import dev.ddpm.evaluation.JackKnife;
import dev.ddpm.spark.cluster.ClusterJob;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The Fréchet distance of the features, with a standard error by the jack-knife over parts of both
 * sets, the distance that real images have from each other, and the distance within each class.
 */
final class Frechet extends SetMetric {
  /** Parts of a set, each of which is left out once. */
  private static final int PARTS = 10;

  /** Images per feature from which on the distance says more of the sets than of their size. */
  private static final int IMAGES_PER_FEATURE = 5;

  /** Fewer images leave parts empty. */
  private static final int FEWEST_FOR_ERROR = 2 * PARTS;

  @Override
  String name() {
    return "frechet";
  }

  @Override
  int fewest() {
    return 2;
  }

  @Override
  long taskHeap(ComparedSets sets) {
    return 3 * matrix(sets);
  }

  @Override
  long driverHeap(ComparedSets sets) {
    return 3L * PARTS * matrix(sets) + 12 * matrix(sets) + labelsHeap(sets);
  }

  /** Bytes of the moments of a part. */
  private static long matrix(ComparedSets sets) {
    long features = sets.realFeatures().features();
    return Double.BYTES * features * (features + 1) / 2;
  }

  @Override
  Measured compute(ClusterJob job, Evaluation evaluation, ComparedSets sets) {
    var configuration =
        job.broadcast(new SerializableConfiguration(job.spark().hadoopConfiguration()));
    job.describe("evaluate", "Moments of features");
    long generatedImages = sets.generated().images();
    long realImages = sets.real().images();
    // As many real images as there are samples stand in for them, to see what size alone does.
    long standIns = Math.min(generatedImages, realImages / 2);
    List<FeatureMoments> real =
        MomentsTask.run(
            job, configuration, sets.realFeatures(), new Parts.Dealt(realImages, standIns, PARTS));
    List<FeatureMoments> generated =
        MomentsTask.run(
            job,
            configuration,
            sets.generatedFeatures(),
            new Parts.Dealt(generatedImages, generatedImages, PARTS));
    FeatureMoments allReal = FeatureMoments.merged(real);
    FeatureMoments allGenerated = FeatureMoments.merged(generated);
    double distance = FrechetDistance.between(allReal, allGenerated);
    OptionalDouble error = standardError(sets, halves(real), generated.subList(0, PARTS));
    OptionalDouble floor =
        standIns < 2
            ? OptionalDouble.empty()
            : OptionalDouble.of(
                FrechetDistance.between(
                    FeatureMoments.merged(real.subList(0, PARTS)),
                    FeatureMoments.merged(real.subList(PARTS, 2 * PARTS))));

    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("frechet", distance);
    error.ifPresent(value -> summary.put("frechet_standard_error", value));
    floor.ifPresent(
        value -> {
          summary.put("frechet_real_against_real", value);
          summary.put("frechet_real_against_real_images", List.of(standIns, realImages - standIns));
        });
    List<List<Object>> rows = classes(job, configuration, sets, evaluation.shared().classes(sets));
    return new Measured(
        line(sets, distance, error, floor, rows),
        summary,
        ClassParts.schema("frechet", "frechet"),
        rows);
  }

  private static String line(
      ComparedSets sets,
      double distance,
      OptionalDouble error,
      OptionalDouble floor,
      List<List<Object>> classes) {
    StringBuilder line = new StringBuilder();
    line.append(String.format(Locale.ROOT, "Fréchet distance %.4f", distance));
    error.ifPresent(
        value -> line.append(String.format(Locale.ROOT, " (standard error %.4f)", value)));
    line.append(
        String.format(
            Locale.ROOT,
            ", %,d real and %,d generated images, %d features",
            sets.real().images(),
            sets.generated().images(),
            sets.realFeatures().features()));
    floor.ifPresent(
        value -> line.append(String.format(Locale.ROOT, "; real against real %.4f", value)));
    if (!classes.isEmpty()) {
      line.append("; %d classes in the table".formatted(classes.size()));
    }
    long fewest = Math.min(sets.real().images(), sets.generated().images());
    long enough = (long) IMAGES_PER_FEATURE * sets.realFeatures().features();
    if (fewest < enough) {
      line.append(
          String.format(
              Locale.ROOT,
              "%nwarning: the Fréchet distance of %d features means little below %,d images on"
                  + " either side; the same sets can be compared by kid",
              sets.realFeatures().features(),
              enough));
    }
    return line.toString();
  }

  /** The parts of the real set, each of one tenth of both of its halves. */
  private static List<FeatureMoments> halves(List<FeatureMoments> real) {
    List<FeatureMoments> parts = new ArrayList<>();
    for (int part = 0; part < PARTS; part++) {
      parts.add(FeatureMoments.merged(List.of(real.get(part), real.get(PARTS + part))));
    }
    return parts;
  }

  /**
   * By the jack-knife: the parts of one set are left out one after the other, then those of the
   * other set. For many features from two halves of the samples instead.
   */
  private static OptionalDouble standardError(
      ComparedSets sets, List<FeatureMoments> real, List<FeatureMoments> generated) {
    long fewest = Math.min(sets.real().images(), sets.generated().images());
    if (fewest < FEWEST_FOR_ERROR) {
      return OptionalDouble.empty();
    }
    FeatureMoments allReal = FeatureMoments.merged(real);
    FeatureMoments allGenerated = FeatureMoments.merged(generated);
    double ofReal =
        FrechetError.isByJackKnife(allReal.features())
            ? JackKnife.variance(real, some -> FrechetDistance.between(some, allGenerated))
            : 0;
    return OptionalDouble.of(Math.sqrt(ofReal + FrechetError.variance(allReal, generated)));
  }

  /** A row for each class that both sets have two images of. */
  private static List<List<Object>> classes(
      ClusterJob job,
      Broadcast<SerializableConfiguration> configuration,
      ComparedSets sets,
      ClassParts parts) {
    List<List<Object>> rows = new ArrayList<>();
    if (parts.classes().isEmpty()) {
      return rows;
    }
    List<FeatureMoments> ofReal =
        MomentsTask.run(job, configuration, sets.realFeatures(), parts.real());
    List<FeatureMoments> ofGenerated =
        MomentsTask.run(job, configuration, sets.generatedFeatures(), parts.generated());
    for (int place = 0; place < parts.classes().size(); place++) {
      FeatureMoments a = ofReal.get(place);
      FeatureMoments b = ofGenerated.get(place);
      if (a.count() >= 2 && b.count() >= 2) {
        rows.add(
            List.of(
                parts.classes().get(place), a.count(), b.count(), FrechetDistance.between(a, b)));
      }
    }
    return rows;
  }
}
