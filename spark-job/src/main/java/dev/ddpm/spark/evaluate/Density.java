package dev.ddpm.spark.evaluate;

import java.util.List;
import java.util.Map;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * How many balls around real images a sample lies in, divided by their number of neighbours: 1 for
 * samples from the same distribution, more where they keep to its middle.
 */
final class Density extends NeighbourMetric {

  @Override
  String name() {
    return "density";
  }

  @Override
  String title() {
    return "Density";
  }

  @Override
  ImageSet over(ComparedSets sets) {
    return sets.generated();
  }

  @Override
  int neighbours() {
    return Neighbourhoods.DENSITY;
  }

  @Override
  double value(Neighbourhoods neighbourhoods, int image) {
    return (double) neighbourhoods.density(image) / Neighbourhoods.DENSITY;
  }

  @Override
  List<Object> row(Neighbourhoods neighbourhoods, int image) {
    return List.of(
        (long) image,
        neighbourhoods.density(image),
        neighbourhoods.nearestReal(image),
        neighbourhoods.distanceToReal(image));
  }

  @Override
  MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named("sample_index")
        .required(PrimitiveTypeName.INT64)
        .named("balls")
        .required(PrimitiveTypeName.INT64)
        .named("nearest")
        .required(PrimitiveTypeName.DOUBLE)
        .named("distance")
        .named("density");
  }

  /** Of two sets from one distribution 1 is to be expected (Naeem et al., lemma 1). */
  @Override
  Map<String, Double> further(ComparedSets sets) {
    return Map.of("real against real", 1.0);
  }
}
