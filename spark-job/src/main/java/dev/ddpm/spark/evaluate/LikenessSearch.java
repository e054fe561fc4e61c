package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.Likeness;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.dataset.ImageRow;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Finds for each of some images the training image that it is most like, whatever was done to it:
 * thumbnails, as they are and mirrored, choose a few candidates, whose pixels are then compared.
 */
final class LikenessSearch {
  /** Candidates of each kind. */
  private static final int KEPT = 5;

  /** Bytes per image on the driver: its candidates as found, ordered and sent, and its result. */
  static final long DRIVER_HEAP = 2048;

  /** Bytes per image that a task needs of the candidates, as they come and as they are used. */
  static final long TASK_HEAP = 2L * 2 * KEPT * 2 * Long.BYTES;

  private static final int TASKS_PER_SLOT = 4;

  private final ClusterJob job;
  private final Broadcast<SerializableConfiguration> configuration;
  private final ImageSet training;
  private final FeatureView trainingThumbnails;

  LikenessSearch(
      ClusterJob job,
      Broadcast<SerializableConfiguration> configuration,
      ImageSet training,
      FeatureView trainingThumbnails) {
    this.job = job;
    this.configuration = configuration;
    this.training = training;
    this.trainingThumbnails = trainingThumbnails;
  }

  /** The training image that an image is most like. */
  static final class Found implements Serializable {
    private static final long serialVersionUID = 1L;
    private final long image;
    private final long training;
    private final Likeness likeness;

    private Found(long image, long training, Likeness likeness) {
      this.image = image;
      this.training = training;
      this.likeness = likeness;
    }

    /** Id of the image. */
    long image() {
      return image;
    }

    /** Id of the training image. */
    long training() {
      return training;
    }

    /** How like they are. */
    Likeness likeness() {
      return likeness;
    }
  }

  /** One result per image, by their ids. */
  List<Found> run(ImageSet images, FeatureView thumbnails) {
    Candidates wanted =
        Candidates.of(
            List.of(
                neighbours(thumbnails, /* mirrored= */ false),
                neighbours(thumbnails, /* mirrored= */ true)));
    Broadcast<Candidates> comparing = job.broadcast(wanted);
    int tasks = TASKS_PER_SLOT * job.slots();
    long count = images.images();
    JavaPairRDD<Long, ImageRow> candidates =
        training
            .reader()
            .rows(id -> comparing.value().has(id))
            .flatMapToPair(
                row ->
                    LongStream.of(comparing.value().imagesOf(row.id()))
                        .mapToObj(image -> new Tuple2<>(image, row))
                        .iterator());
    ImageShape shape = training.reader().imageShape();
    List<Found> found =
        new ArrayList<>(
            images
                .reader()
                .rows(id -> id < count)
                .mapToPair(row -> new Tuple2<>(row.id(), row))
                .cogroup(candidates, tasks)
                .map(both -> best(both._2()._1().iterator().next(), both._2()._2(), shape))
                .collect());
    found.sort(Comparator.comparingLong(Found::image));
    return found;
  }

  private long[] neighbours(FeatureView thumbnails, boolean mirrored) {
    return new NeighbourTask(
            configuration, thumbnails, trainingThumbnails, mirrored, false, KEPT, List.of())
        .run(job)
        .ids();
  }

  /**
   * Which training images are compared with which images: a pair of numbers for each comparison, in
   * the order of the training images.
   */
  static final class Candidates implements Serializable {
    private static final long serialVersionUID = 1L;
    private final long[] training;
    private final long[] images;

    private Candidates(long[] training, long[] images) {
      this.training = training;
      this.images = images;
    }

    /**
     * Pairs of what was found.
     *
     * @param found ids of the neighbours of each image, {@value LikenessSearch#KEPT} for each one
     *     after the other; below 0 where there are fewer
     */
    static Candidates of(List<long[]> found) {
      long[] training = found.stream().flatMapToLong(Arrays::stream).toArray();
      Integer[] order =
          IntStream.range(0, training.length)
              .filter(at -> training[at] >= 0)
              .boxed()
              .sorted(Comparator.comparingLong(at -> training[at]))
              .toArray(Integer[]::new);
      int each = found.get(0).length;
      return new Candidates(
          Arrays.stream(order).mapToLong(at -> training[at]).toArray(),
          Arrays.stream(order).mapToLong(at -> at % each / KEPT).toArray());
    }

    /** Whether a training image is compared with any. */
    boolean has(long id) {
      return Arrays.binarySearch(training, id) >= 0;
    }

    /** The images that a training image is compared with. */
    long[] imagesOf(long id) {
      int from = Arrays.binarySearch(training, id);
      if (from < 0) {
        return new long[0];
      }
      int to = from + 1;
      while (from > 0 && training[from - 1] == id) {
        from--;
      }
      while (to < training.length && training[to] == id) {
        to++;
      }
      return Arrays.copyOfRange(images, from, to);
    }
  }

  private static Found best(ImageRow image, Iterable<ImageRow> candidates, ImageShape shape) {
    Map<Long, Found> found = new HashMap<>();
    for (ImageRow candidate : candidates) {
      found.computeIfAbsent(
          candidate.id(),
          id -> new Found(image.id(), id, Likeness.of(image.pixels(), candidate.pixels(), shape)));
    }
    return found.values().stream()
        .min(
            Comparator.comparingDouble((Found one) -> one.likeness().difference())
                .thenComparingLong(Found::training))
        .orElseThrow();
  }
}
