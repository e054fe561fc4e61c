package dev.ddpm.spark.evaluate;

import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.stored.StoredModel;
import java.io.PrintWriter;

/**
 * What a {@link Metric} is computed from. It stays on the driver: tasks are handed values of it.
 *
 * @param request what was asked for
 * @param model the model
 * @param reader the table, of images as the model makes them
 * @param images how many of the table's images count: the ids 0 to images − 1
 * @param out receives lines of progress
 */
record Evaluation(
    EvaluateJob.Request request,
    StoredModel model,
    ImageTableReader reader,
    long images,
    PrintWriter out) {}
