package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureMoments;
import dev.ddpm.evaluation.FrechetDistance;
import dev.ddpm.spark.cluster.ClusterJob;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeSet;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The Fréchet distance of the features, with a standard error by the jack-knife over parts of both
 * sets, the distance that real images have from each other, and the distance within each class.
 */
final class Frechet extends SetMetric {
  /** Parts of a set, each of which is left out once. */
  private static final int PARTS = 10;

  /** With more features, the many eigenvalues of the jack-knife would cost more than the rest. */
  private static final int MOST_FEATURES_OF_JACK_KNIFE = 512;

  /** Images per feature from which on the distance says more of the sets than of their size. */
  private static final int IMAGES_PER_FEATURE = 5;

  /** Fewer images leave parts empty. */
  private static final int FEWEST_FOR_ERROR = 2 * PARTS;

  @Override
  String name() {
    return "frechet";
  }

  @Override
  long taskHeap(ComparedSets sets) {
    return 3 * matrix(sets);
  }

  @Override
  long driverHeap(ComparedSets sets) {
    return 3L * PARTS * matrix(sets) + 12 * matrix(sets);
  }

  /** Bytes of the moments of a part. */
  private static long matrix(ComparedSets sets) {
    long features = sets.realFeatures().features();
    return Double.BYTES * features * (features + 1) / 2;
  }

  @Override
  public Measured compute(ClusterJob job, Evaluation evaluation) {
    ComparedSets sets = evaluation.sets();
    requireAtLeast(sets, 2);
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
    FeatureMoments allReal = merged(real, -1);
    FeatureMoments allGenerated = merged(generated, -1);
    double distance = FrechetDistance.between(allReal, allGenerated);
    OptionalDouble error = standardError(sets, halves(real), generated.subList(0, PARTS));
    OptionalDouble floor =
        standIns < 2
            ? OptionalDouble.empty()
            : OptionalDouble.of(
                FrechetDistance.between(
                    merged(real.subList(0, PARTS), -1),
                    merged(real.subList(PARTS, 2 * PARTS), -1)));

    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("frechet", distance);
    error.ifPresent(value -> summary.put("frechet_standard_error", value));
    floor.ifPresent(
        value -> {
          summary.put("frechet_real_against_real", value);
          summary.put("frechet_real_against_real_images", List.of(standIns, realImages - standIns));
        });
    List<List<Object>> rows = classes(job, configuration, sets);
    return new Measured(line(sets, distance, error, floor, rows), summary, schema(), rows);
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
      parts.add(merged(List.of(real.get(part), real.get(PARTS + part)), -1));
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
    FeatureMoments allReal = merged(real, -1);
    FeatureMoments allGenerated = merged(generated, -1);
    if (allReal.features() > MOST_FEATURES_OF_JACK_KNIFE) {
      double first = FrechetDistance.between(allReal, merged(generated.subList(0, PARTS / 2), -1));
      double second =
          FrechetDistance.between(allReal, merged(generated.subList(PARTS / 2, PARTS), -1));
      return OptionalDouble.of(Math.abs(first - second) / 2);
    }
    double[] withoutReal = new double[PARTS];
    double[] withoutGenerated = new double[PARTS];
    for (int part = 0; part < PARTS; part++) {
      withoutReal[part] = FrechetDistance.between(merged(real, part), allGenerated);
      withoutGenerated[part] = FrechetDistance.between(allReal, merged(generated, part));
    }
    return OptionalDouble.of(Math.sqrt(variance(withoutReal) + variance(withoutGenerated)));
  }

  /** The jack-knife's variance of the whole from the values without each part. */
  private static double variance(double[] without) {
    double mean = Arrays.stream(without).sum() / without.length;
    double squares = 0;
    for (double value : without) {
      squares += (value - mean) * (value - mean);
    }
    return squares * (without.length - 1) / without.length;
  }

  /** Moments of all parts but one, in their order. */
  private static FeatureMoments merged(List<FeatureMoments> parts, int without) {
    FeatureMoments all = new FeatureMoments(parts.get(0).features());
    for (int part = 0; part < parts.size(); part++) {
      if (part != without) {
        all.merge(parts.get(part));
      }
    }
    return all;
  }

  /** A row for each class that both sets have two images of. */
  private static List<List<Object>> classes(
      ClusterJob job, Broadcast<SerializableConfiguration> configuration, ComparedSets sets) {
    List<List<Object>> rows = new ArrayList<>();
    var real = sets.real().labels();
    var generated = sets.generated().labels();
    if (real.isEmpty() || generated.isEmpty()) {
      return rows;
    }
    TreeSet<Integer> classes = new TreeSet<>();
    Arrays.stream(real.get()).filter(label -> label >= 0).forEach(classes::add);
    List<Integer> ordered = List.copyOf(classes);
    List<FeatureMoments> ofReal =
        MomentsTask.run(job, configuration, sets.realFeatures(), places(real.get(), ordered));
    List<FeatureMoments> ofGenerated =
        MomentsTask.run(
            job, configuration, sets.generatedFeatures(), places(generated.get(), ordered));
    for (int place = 0; place < ordered.size(); place++) {
      FeatureMoments a = ofReal.get(place);
      FeatureMoments b = ofGenerated.get(place);
      if (a.count() >= 2 && b.count() >= 2) {
        rows.add(List.of(ordered.get(place), a.count(), b.count(), FrechetDistance.between(a, b)));
      }
    }
    return rows;
  }

  /** Images by the place of their class in a sorted list. */
  private static Parts places(int[] labels, List<Integer> classes) {
    int[] places = new int[labels.length];
    Arrays.setAll(
        places,
        id -> {
          int place = Collections.binarySearch(classes, labels[id]);
          return place < 0 ? Parts.NONE : place;
        });
    return new Parts.Listed(places, classes.size());
  }

  /** Class, images of it on both sides, and their distance. */
  private static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT32)
        .named("label")
        .required(PrimitiveTypeName.INT64)
        .named("real_images")
        .required(PrimitiveTypeName.INT64)
        .named("generated_images")
        .required(PrimitiveTypeName.DOUBLE)
        .named("frechet")
        .named("frechet");
  }
}
