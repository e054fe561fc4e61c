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
 * @param remarks how the source was read, where its options alone do not say it
 */
record SourceImages(
    Dataset<Row> candidates, List<String> labelNames, List<LeftOut> leftOut, List<String> remarks) {

  /** A source all of which are candidates. */
  SourceImages(Dataset<Row> candidates, List<String> labelNames) {
    this(candidates, labelNames, List.of());
  }

  /** A source that is read as its options say. */
  SourceImages(Dataset<Row> candidates, List<String> labelNames, List<LeftOut> leftOut) {
    this(candidates, labelNames, leftOut, List.of());
  }
}
