package dev.ddpm.spark.compare;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.evaluation.FeatureMoments;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.FrechetDistance;
import dev.ddpm.evaluation.FrechetError;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.random.Permutation;
import dev.ddpm.random.Stream;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/** Tells how near drawn images are to those of a table, by the Fréchet distance of features. */
final class ImageJudge {
  private static final int BLOCK = 1024;

  /** Parts of the drawn images, each of which is left out once to tell the standard error. */
  private static final int PARTS = 10;

  /** Bytes of a vector and its id beside its numbers. */
  private static final long VECTOR_HEAP = 96;

  /** Moments and covariances that are in memory at a time. */
  private static final long MATRICES = 4L * PARTS;

  private final ExtractorSpec extractor;
  private final ImageShape shape;
  private final int images;
  private final FeatureMoments real;
  private final double floor;

  private ImageJudge(
      ExtractorSpec extractor, ImageShape shape, int images, FeatureMoments real, double floor) {
    this.extractor = extractor;
    this.shape = shape;
    this.images = images;
    this.real = real;
    this.floor = floor;
  }

  /**
   * Computes the features of a table over the cluster.
   *
   * @param images how many drawn images are judged at a time, at least 2
   * @throws DdpmException (user) if the table has less than twice as many images; (environment) if
   *     the driver has not the memory for the features of them all
   */
  static ImageJudge of(
      JavaSparkContext spark,
      ImageTableReader reader,
      String path,
      ExtractorSpec extractor,
      int images) {
    if (reader.images() < 2L * images) {
      throw DdpmException.user(
          "--data = %s: has %,d images, but must have at least 2 × --count = %,d.",
          path, reader.images(), 2L * images);
    }
    ImageShape shape = reader.imageShape();
    JavaRDD<ImageRow> rows = reader.rows();
    List<Tuple2<Long, float[]>> features;
    try (ClusterJob job = ClusterJob.start(spark, BackendChoice.DEFAULT)) {
      job.require(needs(extractor, shape, reader.images(), rows.getNumPartitions()));
      job.describe("compare-samplers", "Features of %,d images".formatted(reader.images()));
      features =
          new ArrayList<>(
              rows.mapPartitions(ofPart -> features(extractor, shape, ofPart)).collect());
    }
    features.sort(Comparator.comparingLong(Tuple2::_1));
    Permutation order = Permutation.of(0, Stream.EVALUATION_ORDER, 0, reader.images());
    List<float[]> some = new ArrayList<>();
    List<float[]> rest = new ArrayList<>();
    features.forEach(
        image -> (order.positionOf(image._1()) < images ? some : rest).add(image._2()));
    FeatureMoments floorOf = moments(some);
    FeatureMoments against = moments(rest);
    FeatureMoments all = moments(features.stream().map(Tuple2::_2).toList());
    return new ImageJudge(extractor, shape, images, all, FrechetDistance.between(floorOf, against));
  }

  /**
   * The driver has the features of all images, as they came and as they are used, and the moments
   * of the parts of a set.
   *
   * @param partitions in which the images of the table are read
   */
  static MemoryNeeds needs(ExtractorSpec extractor, ImageShape shape, long images, int partitions) {
    int features;
    try (FeatureExtractor open = extractor.open(shape)) {
      features = open.features();
    }
    long vector = (long) Float.BYTES * features + VECTOR_HEAP;
    long matrix = (long) Double.BYTES * features * (features + 1) / 2;
    return new MemoryNeeds(
        MemoryNeeds.SPARK_HEAP + 2 * images * vector + MATRICES * matrix,
        0,
        MemoryNeeds.SPARK_HEAP,
        2 * (images + partitions - 1) / partitions * vector,
        extractor.nativeBytes(shape),
        images * vector,
        "the extractor's input size");
  }

  private static Iterator<Tuple2<Long, float[]>> features(
      ExtractorSpec extractor, ImageShape shape, Iterator<ImageRow> rows) {
    List<Tuple2<Long, float[]>> features = new ArrayList<>();
    try (FeatureExtractor open = extractor.open(shape)) {
      while (rows.hasNext()) {
        ImageRow row = rows.next();
        float[] values = new float[open.features()];
        open.extract(row.pixels(), values, 0);
        features.add(new Tuple2<>(row.id(), values));
      }
    }
    return features.iterator();
  }

  private static FeatureMoments moments(List<float[]> vectors) {
    int features = vectors.get(0).length;
    FeatureMoments moments = new FeatureMoments(features);
    for (int first = 0; first < vectors.size(); first += BLOCK) {
      int count = Math.min(BLOCK, vectors.size() - first);
      float[] block = new float[count * features];
      for (int row = 0; row < count; row++) {
        System.arraycopy(vectors.get(first + row), 0, block, row * features, features);
      }
      moments.add(new FeatureRows(block, count, features));
    }
    return moments;
  }

  /** How many drawn images are judged at a time. */
  int images() {
    return images;
  }

  /** The distance that as many images of the table have from the rest of it. */
  double realAgainstReal() {
    return floor;
  }

  /**
   * How far drawn images are from those of the table.
   *
   * @param distance the Fréchet distance
   * @param standardError of it, as far as the drawn images decide it; empty for fewer than 20
   */
  record Judged(double distance, OptionalDouble standardError) {}

  /** Judges drawn images, each of unsigned bytes. */
  Judged judge(List<byte[]> drawn) {
    List<float[]> vectors = new ArrayList<>();
    try (FeatureExtractor open = extractor.open(shape)) {
      for (byte[] image : drawn) {
        float[] values = new float[open.features()];
        open.extract(image, values, 0);
        vectors.add(values);
      }
    }
    return new Judged(FrechetDistance.between(real, moments(vectors)), standardError(vectors));
  }

  private OptionalDouble standardError(List<float[]> vectors) {
    if (vectors.size() < 2 * PARTS) {
      return OptionalDouble.empty();
    }
    List<FeatureMoments> parts =
        IntStream.range(0, PARTS)
            .mapToObj(
                part ->
                    moments(
                        vectors.subList(
                            part * vectors.size() / PARTS, (part + 1) * vectors.size() / PARTS)))
            .toList();
    return OptionalDouble.of(Math.sqrt(FrechetError.variance(real, parts)));
  }
}
