package dev.ddpm.spark.ingest;

import dev.ddpm.spark.dataset.TableDescription;
import java.util.List;

/**
 * What an ingest did.
 *
 * @param table the table that now exists
 * @param skipped bad images that were left out
 * @param reasons why, for the first of them, in the order of their names
 * @param account where everything went that was found
 * @param remarks how the source was read, where its options alone do not say it
 */
public record IngestResult(
    TableDescription table,
    long skipped,
    List<String> reasons,
    Account account,
    List<String> remarks) {}
