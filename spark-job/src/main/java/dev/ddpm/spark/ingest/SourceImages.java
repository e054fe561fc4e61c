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
 * @param pictureFiles whether images are picture files, which may say how the camera was held
 * @param count how many candidates there are
 */
record SourceImages(
    Dataset<Row> candidates,
    List<String> labelNames,
    List<LeftOut> leftOut,
    List<String> remarks,
    boolean pictureFiles,
    long count) {

  /** A source of raw pixels all of which are candidates. */
  SourceImages(Dataset<Row> candidates, List<String> labelNames, long count) {
    this(candidates, labelNames, List.of(), List.of(), false, count);
  }
}
