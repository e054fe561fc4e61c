package dev.ddpm.network.block;

import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;

/**
 * {@link BlockSpec.Attention}: softmax(q·kᵀ/√d)·v over the positions of an image, per head, then a
 * linear layer, added to the input.
 *
 * <p>PyTorch's projection has rows [q, k, v] per head; here each of these is a matrix of its own,
 * so that every factor of every product is contiguous.
 */
final class AttentionBlock implements Block {
  private static final int PARTS = 3;

  private final BlockSpec.Attention spec;
  private final BlockContext context;
  private final BlockParameters parameters;
  private final int width;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  AttentionBlock(BlockSpec.Attention spec, BlockContext context, BlockParameters parameters) {
    this.spec = spec;
    this.context = context;
    this.parameters = parameters;
    this.width = spec.channels() / spec.heads();
  }

  /** Rows [from, to) of a parameter along its first axis, as a matrix or vector of its own. */
  private static Tensor part(Tensor whole, int index, long... shape) {
    long length = 1;
    for (long size : shape) {
      length *= size;
    }
    return whole == null ? null : whole.slice(index * length, shape);
  }

  private final class Pass {
    final Head[] heads;
    final Tensor y;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      int positions = input.size(1) * input.size(2);
      y = context.allocate(input.array().shape());
      heads = new Head[spec.heads()];
      for (int head = 0; head < heads.length; head++) {
        heads[head] = new Head(head, batch, positions, training);
      }
      if (training) {
        gradients[0] = context.allocate(input.array().shape());
      }
    }
  }

  /** One of q, k and v of one head: a linear layer. */
  private final class Projection {
    final Tensor weight;
    final Tensor bias;
    final Tensor weightGradient;
    final Tensor biasGradient;
    final Tensor values;
    final Tensor gradient;
    final MatrixProduct forward = MatrixProduct.plain(context);
    final MatrixProduct toWeight = MatrixProduct.firstTransposed(context, 1);
    final MatrixProduct toInput = MatrixProduct.secondTransposedAccumulating(context);

    Projection(int index, int batch, int positions, boolean training, String role) {
      weight = part(parameters.value("projection.weight"), index, spec.channels(), width);
      bias = part(parameters.value("projection.bias"), index, width);
      weightGradient =
          part(parameters.gradient("projection.weight"), index, spec.channels(), width);
      biasGradient = part(parameters.gradient("projection.bias"), index, width);
      values =
          training
              ? context.allocate(batch, positions, width)
              : context.scratch(role, batch, positions, width);
      gradient = training ? context.scratch(role + " gradient", batch, positions, width) : null;
    }

    void project(Tensor x) {
      forward.run(x.matrix(), weight.matrix(), values.matrix());
      context.kernels().addToRows(bias, values);
    }

    void backward(Tensor x, Tensor dx) {
      toWeight.run(x.matrix(), gradient.matrix(), weightGradient.matrix());
      context.kernels().sumRows(gradient, biasGradient);
      toInput.run(gradient.matrix(), weight.matrix(), dx.matrix());
    }
  }

  private final class Head {
    final Projection query;
    final Projection key;
    final Projection value;
    final Tensor output;
    final Tensor outputGradient;
    final Tensor weights;
    final Tensor mixed;
    final Tensor dWeights;
    final Tensor dMixed;
    final MatrixProduct score;
    final MatrixProduct mix = MatrixProduct.plain(context);
    final MatrixProduct toResult = MatrixProduct.accumulating(context);
    final MatrixProduct toOutput = MatrixProduct.firstTransposed(context, 1);
    final MatrixProduct toMixed = MatrixProduct.secondTransposed(context, 1);
    final MatrixProduct toWeights = MatrixProduct.secondTransposed(context, 1);
    final MatrixProduct toValue = MatrixProduct.firstTransposed(context, 1);
    final MatrixProduct toQuery;
    final MatrixProduct toKey;

    Head(int head, int batch, int positions, boolean training) {
      query = new Projection(PARTS * head, batch, positions, training, "query");
      key = new Projection(PARTS * head + 1, batch, positions, training, "key");
      value = new Projection(PARTS * head + 2, batch, positions, training, "value");
      output = part(parameters.value("output.weight"), head, width, spec.channels());
      outputGradient = part(parameters.gradient("output.weight"), head, width, spec.channels());
      weights =
          training
              ? context.allocate(batch, positions, positions)
              : context.scratch("attention", batch, positions, positions);
      mixed =
          training
              ? context.allocate(batch, positions, width)
              : context.scratch("mixed", batch, positions, width);
      dWeights =
          training ? context.scratch("attention gradient", batch, positions, positions) : null;
      dMixed = training ? context.scratch("mixed gradient", batch, positions, width) : null;
      double scale = 1 / Math.sqrt(width);
      score = MatrixProduct.secondTransposed(context, scale);
      toQuery = MatrixProduct.scaled(context, scale);
      toKey = MatrixProduct.firstTransposed(context, scale);
    }

    void forward(Tensor x, Tensor y) {
      query.project(x);
      key.project(x);
      value.project(x);
      score.run(query.values.array(), key.values.array(), weights.array());
      context.kernels().softmax(weights);
      mix.run(weights.array(), value.values.array(), mixed.array());
      toResult.run(mixed.matrix(), output.matrix(), y.matrix());
    }

    void backward(Tensor x, Tensor dy, Tensor dx) {
      toOutput.run(mixed.matrix(), dy.matrix(), outputGradient.matrix());
      toMixed.run(dy.matrix(), output.matrix(), dMixed.matrix());
      toWeights.run(dMixed.array(), value.values.array(), dWeights.array());
      toValue.run(weights.array(), dMixed.array(), value.gradient.array());
      context.kernels().softmaxBackward(weights, dWeights);
      toQuery.run(dWeights.array(), key.values.array(), query.gradient.array());
      toKey.run(dWeights.array(), query.values.array(), key.gradient.array());
      query.backward(x, dx);
      key.backward(x, dx);
      value.backward(x, dx);
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    Kernels kernels = context.kernels();
    pass.y.array().assign(input.array());
    kernels.addToRows(parameters.value("output.bias"), pass.y);
    for (Head head : pass.heads) {
      head.forward(input, pass.y);
    }
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    context.kernels().clear(parameters.gradient("norm.weight"));
    context.kernels().clear(parameters.gradient("norm.bias"));
    context.kernels().sumRows(dy, parameters.gradient("output.bias"));
    pass.gradients[0].array().assign(dy.array());
    for (Head head : pass.heads) {
      head.backward(input, dy, pass.gradients[0]);
    }
    return pass.gradients;
  }
}
