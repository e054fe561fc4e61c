package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.Channels;
import dev.ddpm.spark.dataset.ImageTable;
import dev.ddpm.spark.dataset.TableDescription;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.sql.SparkSession;

/**
 * What this project's own descriptions tell of the inputs of a table.
 *
 * @param ofInputs the description of each input; empty for one without
 */
record DescribedTables(List<Optional<TableDescription>> ofInputs) {
  /** Of a table that is none of files. */
  static final DescribedTables NONE = new DescribedTables(List.of());

  /** Reads the descriptions that lie in inputs which are folders. */
  static DescribedTables read(SparkSession spark, List<FileStatus> inputs) {
    return new DescribedTables(
        inputs.stream()
            .map(
                input ->
                    input.isDirectory()
                        ? TableDescription.read(
                            input.getPath(), spark.sparkContext().hadoopConfiguration())
                        : Optional.<TableDescription>empty())
            .toList());
  }

  /** The channels that all images have, if the descriptions tell it. */
  Optional<Channels> channels() {
    List<Integer> counts = all().stream().map(TableDescription::channels).distinct().toList();
    return counts.size() == 1
        ? Arrays.stream(Channels.values())
            .filter(channels -> channels.count() == counts.get(0))
            .findFirst()
        : Optional.empty();
  }

  /** The column that numbers the images; of several tables there is none. */
  Optional<String> key() {
    return all().size() == 1 ? Optional.of(ImageTable.ID) : Optional.empty();
  }

  /** A remark that names the shapes, if all inputs are image tables. */
  Optional<String> remark() {
    List<String> shapes = all().stream().map(TableDescription::shape).distinct().toList();
    return shapes.isEmpty()
        ? Optional.empty()
        : Optional.of("image table of " + String.join(" and ", shapes));
  }

  /**
   * The columns of images and classes.
   *
   * @throws DdpmException (data) if the inputs have different names of classes
   */
  HuggingFaceFeatures features() {
    List<List<String>> names =
        ofInputs.stream()
            .map(table -> table.map(TableDescription::labelNames).orElse(List.of()))
            .distinct()
            .toList();
    if (names.size() > 1) {
      throw DdpmException.data(
          "The inputs have different names of classes, %s: their numbers do not mean the same.",
          names.stream().map(String::valueOf).collect(Collectors.joining(" and ")));
    }
    return names.isEmpty() || names.get(0).isEmpty()
        ? HuggingFaceFeatures.NONE
        : new HuggingFaceFeatures(
            List.of(ImageTable.IMAGE), Map.of(ImageTable.LABEL, names.get(0)));
  }

  /** The descriptions; none if an input has none. */
  private List<TableDescription> all() {
    return ofInputs.stream().allMatch(Optional::isPresent)
        ? ofInputs.stream().map(Optional::orElseThrow).toList()
        : List.of();
  }
}
