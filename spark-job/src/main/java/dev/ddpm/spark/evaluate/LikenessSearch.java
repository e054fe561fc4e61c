package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.Likeness;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.dataset.ImageRow;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private static final int CANDIDATES = 5;

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
    HashMap<Long, ArrayList<Long>> wanted = new HashMap<>();
    for (boolean mirrored : new boolean[] {false, true}) {
      long[] ids =
          new NeighbourTask(
                  configuration,
                  thumbnails,
                  trainingThumbnails,
                  mirrored,
                  false,
                  CANDIDATES,
                  List.of())
              .run(job)
              .ids();
      for (int at = 0; at < ids.length; at++) {
        if (ids[at] >= 0) {
          wanted.computeIfAbsent(ids[at], any -> new ArrayList<>()).add((long) at / CANDIDATES);
        }
      }
    }
    Broadcast<HashMap<Long, ArrayList<Long>>> comparing = job.broadcast(wanted);
    int tasks = TASKS_PER_SLOT * job.slots();
    long count = images.images();
    JavaPairRDD<Long, ImageRow> candidates =
        training
            .reader()
            .rows(id -> comparing.value().containsKey(id))
            .flatMapToPair(
                row ->
                    comparing.value().get(row.id()).stream()
                        .map(image -> new Tuple2<>(image, row))
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
