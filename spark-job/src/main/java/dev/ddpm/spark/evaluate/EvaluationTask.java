package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.BoundEvaluator;
import dev.ddpm.evaluation.ImageBound;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.dataset.ImageRow;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;

/**
 * Evaluates the images of a partition.
 *
 * @param classes what the model is told of their classes
 * @param imageSteps counts images · timesteps
 */
record EvaluationTask(
    Broadcast<ExecutorPool<BoundEvaluator>> evaluators,
    ToldClasses classes,
    LongAccumulator imageSteps)
    implements FlatMapFunction<Iterator<ImageRow>, ImageBound> {

  @Override
  public Iterator<ImageBound> call(Iterator<ImageRow> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    return evaluators.value().use(evaluator -> evaluate(evaluator, rows)).iterator();
  }

  private List<ImageBound> evaluate(BoundEvaluator evaluator, Iterator<ImageRow> rows) {
    List<ImageBound> bounds = new ArrayList<>();
    rows.forEachRemaining(
        row ->
            bounds.add(
                evaluator.evaluate(row.id(), row.pixels(), classes.of(row), imageSteps::add)));
    return bounds;
  }
}
