package dev.ddpm.spark.evaluate;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * Both sets divided into the classes of the table, as far as their images are labelled. Classes of
 * the same name are the same where both sets tell names, and those of the same number otherwise.
 *
 * @param classes labels in ascending order; none if one of the sets has no labels
 * @param real the images of the table by the place of their class in this list
 * @param generated the samples in the same way; those of other classes belong to none
 */
record ClassParts(List<Integer> classes, Parts real, Parts generated) {

  /** Reads the labels of both sets. */
  static ClassParts of(ComparedSets sets) {
    Optional<int[]> real = sets.real().labels();
    Optional<int[]> generated = real.isEmpty() ? real : sets.generated().labels();
    if (generated.isEmpty()) {
      return new ClassParts(
          List.of(), new Parts.Listed(new int[0], 0), new Parts.Listed(new int[0], 0));
    }
    TreeSet<Integer> classes = new TreeSet<>();
    Arrays.stream(real.get()).filter(label -> label != ImageSet.NO_LABEL).forEach(classes::add);
    List<Integer> ordered = List.copyOf(classes);
    int[] named = named(generated.get(), sets.generated().classNames(), sets.real().classNames());
    return new ClassParts(ordered, places(real.get(), ordered), places(named, ordered));
  }

  /** Labels as the other set has them, by their names. */
  private static int[] named(int[] labels, List<String> names, List<String> others) {
    if (names.isEmpty() || others.isEmpty()) {
      return labels;
    }
    return Arrays.stream(labels)
        .map(
            label ->
                label >= 0 && label < names.size()
                    ? others.indexOf(names.get(label))
                    : ImageSet.NO_LABEL)
        .toArray();
  }

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

  /**
   * The columns of a table with a figure per class: the class, its images on both sides, and the
   * figure.
   *
   * @param figure name of its column
   * @param table name of the schema
   */
  static MessageType schema(String figure, String table) {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT32)
        .named("label")
        .required(PrimitiveTypeName.INT64)
        .named("real_images")
        .required(PrimitiveTypeName.INT64)
        .named("generated_images")
        .required(PrimitiveTypeName.DOUBLE)
        .named(figure)
        .named(table);
  }
}
