package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * A nested array of a Spark row, laid out flat.
 *
 * @param shape lengths from the outermost to the innermost
 * @param values row-major
 */
// Lives only while one value is decoded; never compared.
@SuppressWarnings("ArrayRecordComponent")
record NumberArray(List<Integer> shape, double[] values) {

  /**
   * Reads an array.
   *
   * @throws DdpmException (data) if parts of it are null, or differ in length
   */
  static NumberArray of(Object value, String name) {
    List<Integer> shape = new ArrayList<>();
    Object first = value;
    while (first instanceof Seq<?> seq) {
      shape.add(seq.size());
      first = seq.isEmpty() ? null : seq.head();
    }
    List<Double> values = new ArrayList<>();
    collect(value, 0, shape, values, name);
    return new NumberArray(
        List.copyOf(shape), values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private static void collect(
      Object value, int depth, List<Integer> shape, List<Double> values, String name) {
    if (value instanceof Seq<?> seq) {
      if (seq.size() != shape.get(depth)) {
        throw DdpmException.data(
            "%s is a ragged array: parts of the length %d and of the length %d lie side by side.",
            name, shape.get(depth), seq.size());
      }
      for (Object part : JavaConverters.seqAsJavaList(seq)) {
        collect(part, depth + 1, shape, values, name);
      }
    } else if (value instanceof Number number && depth == shape.size()) {
      values.add(number.doubleValue());
    } else {
      throw DdpmException.data("%s is an array with null in it: pixels are needed.", name);
    }
  }

  /** Whether the numbers are those of an image: flat, or nested as this shape is. */
  boolean fits(ImageShape image) {
    return values.length == image.size()
        && (shape.size() == 1
            || shape.equals(List.of(image.height(), image.width(), image.channels()))
            || (image.channels() == 1 && shape.equals(List.of(image.height(), image.width()))));
  }

  /** The shape as messages have it, such as 28×28. */
  String describedShape() {
    return shape.stream().map(String::valueOf).collect(Collectors.joining("×"));
  }
}
