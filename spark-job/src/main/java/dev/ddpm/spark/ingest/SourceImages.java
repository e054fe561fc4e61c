package dev.ddpm.spark.ingest;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What a source holds.
 *
 * @param candidates all images, good and bad, prepared, in the columns of {@link
 *     Candidates#schema()}
 * @param labelNames what the labels mean: element i is the name of label i; empty if that is not
 *     known
 * @param leftOut what was found and is no candidate, by reason
 */
record SourceImages(Dataset<Row> candidates, List<String> labelNames, List<LeftOut> leftOut) {

  /** A source all of which are candidates. */
  SourceImages(Dataset<Row> candidates, List<String> labelNames) {
    this(candidates, labelNames, List.of());
  }
}
