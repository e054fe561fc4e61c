package dev.ddpm.spark.evaluate;

import java.util.List;
import java.util.Map;
import org.apache.parquet.schema.MessageType;

/**
 * What a {@link Metric} has come to.
 *
 * @param line the result for people; further lines for warnings and names
 * @param summary figures and the settings they depend on, by their names in the summary, in order
 * @param schema columns of the metric's table
 * @param rows the table
 * @param pictures what a page shows of the result
 */
record Measured(
    String line,
    Map<String, Object> summary,
    MessageType schema,
    List<List<Object>> rows,
    List<PicturePairs> pictures) {

  /** A result of which there is nothing to see. */
  Measured(String line, Map<String, Object> summary, MessageType schema, List<List<Object>> rows) {
    this(line, summary, schema, rows, List.of());
  }
}
