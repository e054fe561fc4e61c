package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import java.util.List;

/**
 * Self-attention: softmax(q·kᵀ/√d)·v over the positions of an image, per head, then a linear layer,
 * added to the input.
 *
 * <p>PyTorch's projection has rows [q, k, v] per head; here each of these is a matrix of its own,
 * so that every factor of every product is contiguous.
 */
public final class AttentionBlock implements Block {

  /**
   * Self-attention over all positions. Its normalisation is in the state dict but never applied, as
   * in the reference.
   *
   * @param channels channels, a multiple of {@code heads}
   * @param heads number of heads
   */
  public record Spec(int channels, int heads) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.norm("norm", channels),
          Parameter.stackedLinear("projection", channels, channels / heads, 3 * heads),
          Parameter.linear("output", channels, channels));
    }

    @Override
    public long flops(long positions) {
      return 2L * 4 * channels * channels * positions + 2L * 2 * channels * positions * positions;
    }

    /** q, k and v, the weights of all pairs of positions, the mixed values, y and dx. */
    @Override
    public void count(MemoryCount count, long inputPositions) {
      long image = inputPositions * channels;
      long pairs = inputPositions * inputPositions;
      long head = image / heads;
      count.training().own(2 * image);
      for (int i = 0; i < heads; i++) {
        count.remember("query", head);
        count.remember("key", head);
        count.remember("value", head);
        count.remember("mixed", head);
        count.remember("attention", pairs);
      }
      count.inference().own(image);
      count.inference().share("query, key, value and mixed", 4 * head);
      count.inference().share("attention", pairs);
      count.training().share("query, key, value and mixed gradient", 4 * head);
      count.training().share("attention gradient", pairs);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new AttentionBlock(this, engine, parameters);
    }
  }

  private static final int PARTS = 3;

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final int width;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  AttentionBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
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
      y = engine.allocate(input.shape());
      heads = new Head[spec.heads()];
      for (int head = 0; head < heads.length; head++) {
        heads[head] = new Head(head, batch, positions, training);
      }
      if (training) {
        gradients[0] = engine.allocate(input.shape());
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
    final MatrixProduct forward;
    final MatrixProduct toWeight;
    final MatrixProduct toInput;

    Projection(int index, int batch, int positions, boolean training, String role) {
      weight = part(parameters.value("projection.weight"), index, spec.channels(), width);
      bias = part(parameters.value("projection.bias"), index, width);
      weightGradient =
          part(parameters.gradient("projection.weight"), index, spec.channels(), width);
      biasGradient = part(parameters.gradient("projection.bias"), index, width);
      values =
          training
              ? engine.kept(role, batch, positions, width)
              : engine.scratch(role, batch, positions, width);
      gradient = training ? engine.scratch(role + " gradient", batch, positions, width) : null;
      ProductShape product = ProductShape.of(batch * positions, spec.channels(), width);
      forward = engine.product(product);
      toWeight = engine.product(product.secondGradient());
      toInput = engine.product(product.firstGradient().accumulating());
    }

    void project(Tensor x) {
      forward.run(x, weight, values);
      engine.kernels().addToRows(bias, values);
    }

    void backward(Tensor x, Tensor dx) {
      toWeight.run(x, gradient, weightGradient);
      engine.kernels().sumRows(gradient, biasGradient);
      toInput.run(gradient, weight, dx);
    }
  }

  private final class Head {
    final Projection query;
    final Projection key;
    final Projection value;
    final Tensor output;
    final Tensor outputGradient;
    final Tensor mixed;
    final Tensor dMixed;
    final PairwiseAttention pairs;
    final MatrixProduct toResult;
    final MatrixProduct toOutput;
    final MatrixProduct toMixed;

    Head(int head, int batch, int positions, boolean training) {
      query = new Projection(PARTS * head, batch, positions, training, "query");
      key = new Projection(PARTS * head + 1, batch, positions, training, "key");
      value = new Projection(PARTS * head + 2, batch, positions, training, "value");
      output = part(parameters.value("output.weight"), head, width, spec.channels());
      outputGradient = part(parameters.gradient("output.weight"), head, width, spec.channels());
      mixed =
          training
              ? engine.kept("mixed", batch, positions, width)
              : engine.scratch("mixed", batch, positions, width);
      dMixed = training ? engine.scratch("mixed gradient", batch, positions, width) : null;
      pairs = new PairwiseAttention(engine, batch, positions, width, training);
      ProductShape last = ProductShape.of(batch * positions, width, spec.channels());
      toResult = engine.product(last.accumulating());
      toOutput = engine.product(last.secondGradient());
      toMixed = engine.product(last.firstGradient());
    }

    void forward(Tensor x, Tensor y) {
      attend(x);
      toResult.run(mixed, output, y);
    }

    /** Computes what the backward pass reads. */
    private void attend(Tensor x) {
      query.project(x);
      key.project(x);
      value.project(x);
      pairs.forward(query.values, key.values, value.values, mixed);
    }

    void backward(Tensor x, Tensor dy, Tensor dx) {
      if (engine.recomputes()) {
        attend(x);
      }
      toOutput.run(mixed, dy, outputGradient);
      toMixed.run(dy, output, dMixed);
      pairs.backward(
          query.values,
          key.values,
          value.values,
          dMixed,
          query.gradient,
          key.gradient,
          value.gradient);
      query.backward(x, dx);
      key.backward(x, dx);
      value.backward(x, dx);
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    Kernels kernels = engine.kernels();
    kernels.copy(input, pass.y);
    kernels.addToRows(parameters.value("output.bias"), pass.y);
    for (Head head : pass.heads) {
      head.forward(input, pass.y);
    }
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    engine.kernels().clear(parameters.gradient("norm.weight"));
    engine.kernels().clear(parameters.gradient("norm.bias"));
    engine.kernels().sumRows(dy, parameters.gradient("output.bias"));
    engine.kernels().copy(dy, pass.gradients[0]);
    for (Head head : pass.heads) {
      head.backward(input, dy, pass.gradients[0]);
    }
    return pass.gradients;
  }
}
