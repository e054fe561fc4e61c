package dev.ddpm.spark.evaluate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The share of real images that have a sample nearer than their own fifth neighbour: whether every
 * kind of image is made.
 */
final class Coverage extends NeighbourMetric {

  @Override
  String name() {
    return "coverage";
  }

  @Override
  String title() {
    return "Coverage";
  }

  @Override
  ImageSet over(ComparedSets sets) {
    return sets.real();
  }

  @Override
  int neighbours() {
    return Neighbourhoods.DENSITY;
  }

  @Override
  double value(Neighbourhoods neighbourhoods, int image) {
    return neighbourhoods.isCovered(image) ? 1 : 0;
  }

  @Override
  List<Object> row(Neighbourhoods neighbourhoods, int image) {
    return List.of(
        (long) image,
        neighbourhoods.isCovered(image) ? 1 : 0,
        neighbourhoods.nearestGenerated(image),
        neighbourhoods.distanceToGenerated(image),
        neighbourhoods.radius(image));
  }

  @Override
  MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("id")
        .required(PrimitiveTypeName.INT32)
        .named("covered")
        .required(PrimitiveTypeName.INT64)
        .named("nearest")
        .required(PrimitiveTypeName.DOUBLE)
        .named("distance")
        .required(PrimitiveTypeName.DOUBLE)
        .named("radius")
        .named("coverage");
  }

  /**
   * Of two sets from one distribution this share is to be expected (Naeem et al., lemma 2): Π (n −
   * i) / (m + n − i) of the real images have no sample in their ball.
   */
  @Override
  Map<String, Double> further(ComparedSets sets) {
    double uncovered = 1;
    for (int i = 1; i <= Neighbourhoods.DENSITY; i++) {
      double others = sets.real().images() - i;
      uncovered *= others / (sets.generated().images() + others);
    }
    return Map.of("real against real", 1 - uncovered);
  }

  /** By the distance to the nearest sample, in radii of the own ball. */
  @Override
  List<PicturePairs> pictures(ComparedSets sets, Neighbourhoods neighbourhoods) {
    List<Integer> order =
        IntStream.range(0, Math.toIntExact(sets.real().images()))
            .boxed()
            .sorted(Comparator.comparingDouble(image -> remoteness(neighbourhoods, image)))
            .toList();
    int shown = Math.min(PicturePairs.MOST, order.size());
    List<Integer> worst = new ArrayList<>(order.subList(order.size() - shown, order.size()));
    Collections.reverse(worst);
    return List.of(
        pairs("Real images that are covered best", neighbourhoods, order.subList(0, shown)),
        pairs("Real images that are covered worst", neighbourhoods, worst));
  }

  private static double remoteness(Neighbourhoods neighbourhoods, int image) {
    double radius = neighbourhoods.radius(image);
    double distance = neighbourhoods.distanceToGenerated(image);
    return radius > 0 ? distance / radius : distance > 0 ? Double.MAX_VALUE : 1;
  }

  private static PicturePairs pairs(
      String title, Neighbourhoods neighbourhoods, List<Integer> images) {
    return new PicturePairs(
        title,
        images.stream()
            .map(
                image ->
                    new PicturePairs.Pair(
                        neighbourhoods.nearestGenerated(image),
                        image,
                        String.format(
                            Locale.ROOT,
                            "image %d; the nearest sample, %d, is %.2f times as far as its fifth"
                                + " neighbour",
                            image,
                            neighbourhoods.nearestGenerated(image),
                            remoteness(neighbourhoods, image))))
            .toList());
  }
}
