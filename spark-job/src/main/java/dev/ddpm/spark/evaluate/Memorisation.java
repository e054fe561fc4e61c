package dev.ddpm.spark.evaluate;

import static org.apache.spark.sql.functions.col;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.evaluation.Likeness;
import dev.ddpm.evaluation.Thumbnail;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.dataset.ImageTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Whether samples are images that the model was trained on: for each sample the nearest training
 * image by features, and the one whose pixels it is most like. Both distances are divided by those
 * that held-out images have in the middle; a sample whose pixels come nearer than a third of that
 * is called a copy, and how many held-out images would be called so is told too.
 */
final class Memorisation extends SetMetric {
  /**
   * The ratio of distances below which a sample is a copy. Yoon et al. (2023) take a third of the
   * distance to the second nearest training image.
   */
  private static final double COPY = 1.0 / 3;

  private static final int NAMED = 16;

  @Override
  String name() {
    return "memorisation";
  }

  @Override
  public void check(EvaluateJob.Request request, Optional<ModelDescription> model) {
    super.check(request, model);
    if (request.comparison().orElseThrow().heldOut().isEmpty()) {
      throw DdpmException.user(
          "--metrics = memorisation: needs --held-out TABLE, images on which the model was not"
              + " trained: only they tell how near new images come to those of --data.");
    }
  }

  @Override
  int fewest() {
    return 1;
  }

  @Override
  long taskHeap(ComparedSets sets) {
    long images = Math.max(sets.generated().images(), sets.heldOut().orElseThrow().images());
    return (64L << 20) + LikenessSearch.TASK_HEAP * images;
  }

  @Override
  long driverHeap(ComparedSets sets) {
    return LikenessSearch.DRIVER_HEAP
        * (sets.generated().images() + sets.heldOut().orElseThrow().images());
  }

  @Override
  Measured compute(ClusterJob job, Evaluation evaluation, ComparedSets sets) {
    ImageSet heldOut = sets.heldOut().orElseThrow();
    var configuration =
        job.broadcast(new SerializableConfiguration(job.spark().hadoopConfiguration()));
    var features = new FeatureJob(sets.extractor(), sets.cache(), evaluation.out());
    FeatureView heldOutFeatures = features.run(job, heldOut);
    job.describe("evaluate", "Nearest training images");
    NeighbourTask.Found nearest =
        new NeighbourTask(
                configuration,
                sets.generatedFeatures(),
                sets.realFeatures(),
                false,
                false,
                1,
                List.of())
            .run(job);
    NeighbourTask.Found nearestOfHeldOut =
        new NeighbourTask(
                configuration, heldOutFeatures, sets.realFeatures(), false, false, 1, List.of())
            .run(job);
    double usual = Math.sqrt(median(nearestOfHeldOut.squared()));

    var thumbnails = new FeatureJob(new Thumbnail(), sets.cache(), evaluation.out());
    FeatureView ofTraining = thumbnails.run(job, sets.real());
    FeatureView ofSamples = thumbnails.run(job, sets.generated());
    FeatureView ofHeldOut = thumbnails.run(job, heldOut);
    job.describe("evaluate", "Training images that samples are like");
    var search = new LikenessSearch(job, configuration, sets.real(), ofTraining);
    List<LikenessSearch.Found> samples = search.run(sets.generated(), ofSamples);
    List<LikenessSearch.Found> others = search.run(heldOut, ofHeldOut);
    double usualDifference = median(differences(others));
    if (usualDifference == 0) {
      throw DdpmException.data(
          "--held-out = %s: at least half of its images are also in --data = %s, as they are or"
              + " mirrored: they do not tell how near new images come.",
          heldOut.path(), sets.real().path());
    }

    List<LikenessSearch.Found> copies =
        samples.stream().filter(found -> isCopy(found, usualDifference)).toList();
    long copiesHeldOut = others.stream().filter(found -> isCopy(found, usualDifference)).count();
    List<List<Object>> rows = new ArrayList<>();
    double[] ratios = new double[samples.size()];
    for (int sample = 0; sample < samples.size(); sample++) {
      double distance = Math.sqrt(nearest.squared()[sample]);
      ratios[sample] = ratio(distance, usual);
      rows.add(
          row(
              samples.get(sample),
              nearest.ids()[sample],
              distance,
              ratios[sample],
              usualDifference));
    }
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("memorisation", copies.size() / (double) samples.size());
    summary.put("memorisation_copies", copies.size());
    summary.put("memorisation_held_out_copies", copiesHeldOut);
    summary.put("memorisation_median_ratio", median(ratios));
    summary.put("memorisation_held_out_distance", usual);
    summary.put("memorisation_held_out_difference", usualDifference);
    return new Measured(
        line(sets, copies, samples.size(), copiesHeldOut, others.size(), median(ratios)),
        summary,
        schema(),
        rows,
        List.of(suspicious(samples, usualDifference)));
  }

  /** The samples that are most like a training image. */
  private static PicturePairs suspicious(
      List<LikenessSearch.Found> samples, double usualDifference) {
    return new PicturePairs(
        "The most suspicious samples, and the training images that they are most like",
        samples.stream()
            .sorted(
                Comparator.comparingDouble(
                    (LikenessSearch.Found found) -> found.likeness().difference()))
            .limit(PicturePairs.MOST)
            .map(
                found ->
                    new PicturePairs.Pair(
                        found.image(),
                        found.training(),
                        String.format(
                            Locale.ROOT,
                            "sample %d, image %d %s: %.2f times as different as held-out images"
                                + " are%s",
                            found.image(),
                            found.training(),
                            found.likeness().describe(),
                            ratio(found.likeness().difference(), usualDifference),
                            isCopy(found, usualDifference) ? "; a copy" : "")))
            .toList());
  }

  private static boolean isCopy(LikenessSearch.Found found, double usualDifference) {
    return found.likeness().difference() < COPY * usualDifference;
  }

  /** One where held-out images are themselves in the training set, and all distances are 0. */
  private static double ratio(double distance, double usual) {
    return usual > 0 ? distance / usual : distance > 0 ? Double.MAX_VALUE : 1;
  }

  private static double[] differences(List<LikenessSearch.Found> found) {
    return found.stream().mapToDouble(one -> one.likeness().difference()).toArray();
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  private static String line(
      ComparedSets sets,
      List<LikenessSearch.Found> copies,
      int samples,
      long copiesHeldOut,
      int heldOut,
      double medianRatio) {
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "Memorisation: %,d of %,d samples are copies of training images, by the measure of"
                + " which %,d of %,d held-out images are; the nearest training image of a sample is"
                + " %.2f times as far as that of a held-out image",
            copies.size(),
            samples,
            copiesHeldOut,
            heldOut,
            medianRatio));
    Map<Long, String> sources = sources(sets.real(), copies);
    for (LikenessSearch.Found copy : copies.subList(0, Math.min(NAMED, copies.size()))) {
      line.append(
          "%n  sample %d is image %d of the table (%s), %s"
              .formatted(
                  copy.image(),
                  copy.training(),
                  sources.getOrDefault(copy.training(), "of unknown source"),
                  copy.likeness().describe()));
    }
    if (copies.size() > NAMED) {
      line.append("%n  and %,d more in the table".formatted(copies.size() - NAMED));
    }
    return line.toString();
  }

  private static Map<Long, String> sources(ImageSet training, List<LikenessSearch.Found> copies) {
    Map<Long, String> sources = new TreeMap<>();
    Object[] ids = copies.stream().limit(NAMED).map(LikenessSearch.Found::training).toArray();
    if (ids.length > 0) {
      for (Row row :
          training
              .reader()
              .table()
              .where(col("id").isin(ids))
              .select("id", ImageTable.SOURCE)
              .collectAsList()) {
        if (!row.isNullAt(1)) {
          sources.put(row.getLong(0), row.getString(1));
        }
      }
    }
    return sources;
  }

  private static List<Object> row(
      LikenessSearch.Found found,
      long nearest,
      double distance,
      double ratio,
      double usualDifference) {
    Likeness likeness = found.likeness();
    return List.of(
        found.image(),
        nearest,
        distance,
        ratio,
        found.training(),
        likeness.difference(),
        ratio(likeness.difference(), usualDifference),
        likeness.mirrored() ? 1 : 0,
        likeness.down(),
        likeness.right(),
        likeness.gain(),
        likeness.offset(),
        isCopy(found, usualDifference) ? 1 : 0);
  }

  /**
   * By sample: the training image whose features are nearest, with its distance and the ratio to
   * that of held-out images; then the one whose pixels are most like, with the same and what was
   * done to it.
   */
  private static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("sample_index")
        .required(PrimitiveTypeName.INT64)
        .named("nearest")
        .required(PrimitiveTypeName.DOUBLE)
        .named("distance")
        .required(PrimitiveTypeName.DOUBLE)
        .named("ratio")
        .required(PrimitiveTypeName.INT64)
        .named("most_alike")
        .required(PrimitiveTypeName.DOUBLE)
        .named("difference")
        .required(PrimitiveTypeName.DOUBLE)
        .named("difference_ratio")
        .required(PrimitiveTypeName.INT32)
        .named("mirrored")
        .required(PrimitiveTypeName.INT32)
        .named("down")
        .required(PrimitiveTypeName.INT32)
        .named("right")
        .required(PrimitiveTypeName.DOUBLE)
        .named("gain")
        .required(PrimitiveTypeName.DOUBLE)
        .named("offset")
        .required(PrimitiveTypeName.INT32)
        .named("copy")
        .named("memorisation");
  }
}
