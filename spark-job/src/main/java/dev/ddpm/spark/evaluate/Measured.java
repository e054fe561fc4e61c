package dev.ddpm.spark.evaluate;

import java.util.List;
import java.util.Map;
import org.apache.parquet.schema.MessageType;

/**
 * What a {@link Metric} has come to.
 *
 * @param line the result for people; further lines for warnings and names
 * @param summary figures and the settings they depend on, by their names in the summary, in order
 * @param tables at least one
 * @param pictures what a page shows of the result
 */
record Measured(
    String line, Map<String, Object> summary, List<Table> tables, List<PicturePairs> pictures) {

  /**
   * A table of the result.
   *
   * @param suffix what its name has behind the word of the metric; empty for one of them
   */
  record Table(String suffix, MessageType schema, List<List<Object>> rows) {}

  /** A result with one table. */
  Measured(
      String line,
      Map<String, Object> summary,
      MessageType schema,
      List<List<Object>> rows,
      List<PicturePairs> pictures) {
    this(line, summary, List.of(new Table("", schema, rows)), pictures);
  }

  /** A result with one table of which there is nothing to see. */
  Measured(String line, Map<String, Object> summary, MessageType schema, List<List<Object>> rows) {
    this(line, summary, schema, rows, List.of());
  }
}
