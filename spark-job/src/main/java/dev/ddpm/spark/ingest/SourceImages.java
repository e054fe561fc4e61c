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
 */
record SourceImages(Dataset<Row> candidates, List<String> labelNames) {}
