package dev.ddpm.spark.evaluate;

import java.util.List;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The share of samples that lie where real images are: within the distance of some real image to
 * its third neighbour.
 */
final class Precision extends NeighbourMetric {

  @Override
  String name() {
    return "precision";
  }

  @Override
  String title() {
    return "Precision";
  }

  @Override
  ImageSet over(ComparedSets sets) {
    return sets.generated();
  }

  @Override
  int neighbours() {
    return Neighbourhoods.REACH;
  }

  @Override
  double value(Neighbourhoods neighbourhoods, int image) {
    return neighbourhoods.isRealistic(image) ? 1 : 0;
  }

  @Override
  List<Object> row(Neighbourhoods neighbourhoods, int image) {
    return List.of(
        (long) image,
        neighbourhoods.isRealistic(image) ? 1 : 0,
        neighbourhoods.nearestReal(image),
        neighbourhoods.distanceToReal(image));
  }

  @Override
  MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("sample_index")
        .required(PrimitiveTypeName.INT32)
        .named("inside")
        .required(PrimitiveTypeName.INT64)
        .named("nearest")
        .required(PrimitiveTypeName.DOUBLE)
        .named("distance")
        .named("precision");
  }
}
