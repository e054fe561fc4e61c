package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;

/**
 * softmax(q·kᵀ/√width)·v of a stack of images or heads, each with a query, a key and a value per
 * position: (stack, positions, width).
 */
final class PairwiseAttention {
  private final Engine engine;
  private final Tensor weights;
  private final Tensor dWeights;
  private final MatrixProduct score;
  private final MatrixProduct mix;
  private final MatrixProduct toWeights;
  private final MatrixProduct toValue;
  private final MatrixProduct toQuery;
  private final MatrixProduct toKey;

  PairwiseAttention(Engine engine, int stack, int positions, int width, boolean training) {
    this.engine = engine;
    weights =
        training
            ? engine.kept("attention", stack, positions, positions)
            : engine.scratch("attention", stack, positions, positions);
    dWeights = training ? engine.scratch("attention gradient", stack, positions, positions) : null;
    double scale = 1 / Math.sqrt(width);
    ProductShape toPairs =
        ProductShape.of(positions, width, positions).stack(stack).transposeSecond();
    ProductShape toPositions = ProductShape.of(positions, positions, width).stack(stack);
    score = engine.product(toPairs.scale(scale));
    mix = engine.product(toPositions);
    toWeights = engine.product(toPositions.firstGradient());
    toValue = engine.product(toPositions.secondGradient());
    toQuery = engine.product(toPositions.scale(scale));
    toKey = engine.product(toPositions.transposeFirst().scale(scale));
  }

  void forward(Tensor query, Tensor key, Tensor value, Tensor mixed) {
    score.run(query, key, weights);
    engine.kernels().softmax(weights);
    mix.run(weights, value, mixed);
  }

  /** Overwrites the last three, the gradients of what the last forward pass was given. */
  void backward(
      Tensor query,
      Tensor key,
      Tensor value,
      Tensor dMixed,
      Tensor dQuery,
      Tensor dKey,
      Tensor dValue) {
    toWeights.run(dMixed, value, dWeights);
    toValue.run(weights, dMixed, dValue);
    engine.kernels().softmaxBackward(weights, dWeights);
    toQuery.run(dWeights, key, dQuery);
    toKey.run(dWeights, query, dKey);
  }
}
