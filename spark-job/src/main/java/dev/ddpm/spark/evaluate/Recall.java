package dev.ddpm.spark.evaluate;

import java.util.List;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The share of real images that lie where samples are: within the distance of some sample to its
 * third neighbour.
 */
final class Recall extends NeighbourMetric {

  @Override
  String name() {
    return "recall";
  }

  @Override
  String title() {
    return "Recall";
  }

  @Override
  ImageSet over(ComparedSets sets) {
    return sets.real();
  }

  @Override
  int neighbours() {
    return Neighbourhoods.REACH;
  }

  @Override
  double value(Neighbourhoods neighbourhoods, int image) {
    return neighbourhoods.isReached(image) ? 1 : 0;
  }

  @Override
  List<Object> row(Neighbourhoods neighbourhoods, int image) {
    return List.of(
        (long) image,
        neighbourhoods.isReached(image) ? 1 : 0,
        neighbourhoods.nearestGenerated(image),
        neighbourhoods.distanceToGenerated(image));
  }

  @Override
  MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("id")
        .required(PrimitiveTypeName.INT32)
        .named("inside")
        .required(PrimitiveTypeName.INT64)
        .named("nearest")
        .required(PrimitiveTypeName.DOUBLE)
        .named("distance")
        .named("recall");
  }
}
