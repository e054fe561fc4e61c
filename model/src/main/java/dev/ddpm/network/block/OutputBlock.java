package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** The end of a network: normalisation, Swish and a convolution to the channels of an image. */
public final class OutputBlock implements Block {

  /**
   * conv3x3(swish(GroupNorm(x))).
   *
   * @param in channels of the input
   * @param out channels of the output
   * @param groups groups of the normalisation
   * @param epsilon added to the variance
   */
  public record Spec(int in, int out, int groups, double epsilon) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.norm("norm", in), Parameter.convolution("final.", in, out, 3));
    }

    @Override
    public long flops(long positions) {
      return 2L * 9 * in * out * positions;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      count.training().own(inputPositions * (in + out));
      count.remember("first activated", inputPositions * in);
      count.inference().own(inputPositions * out);
      count.inference().share("activated", inputPositions * in);
      count.training().share("gradient", inputPositions * in);
      count.training().share("windows", 9 * inputPositions * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new OutputBlock(this, engine, parameters);
    }
  }

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  OutputBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
  }

  private final class Pass {
    final GroupNormOp norm;
    final ConvolutionOp convolution;
    final Tensor activated;
    final Tensor y;
    final Tensor dActivated;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      int height = input.size(1);
      int width = input.size(2);
      ConvolutionShape shape = new ConvolutionShape(batch, height, width, spec.in(), spec.out(), 1);
      norm =
          engine.groupNorm(
              new GroupNorm(batch, height * width, spec.in(), spec.groups(), spec.epsilon(), true),
              parameters.weight("norm.weight"),
              parameters.weight("norm.bias"),
              null);
      convolution = engine.convolution(shape, parameters.weight("final.weight"));
      activated =
          training
              ? engine.kept("first activated", shape.input())
              : engine.scratch("activated", shape.input());
      y = engine.allocate(shape.output());
      dActivated = training ? engine.scratch("gradient", shape.input()) : null;
      if (training) {
        gradients[0] = engine.allocate(shape.input());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    activate(pass);
    pass.convolution.forward(pass.activated, parameters.value("final.bias"), pass.y);
    return pass.y;
  }

  private void activate(Pass pass) {
    pass.norm.forward(input, null, null, pass.activated);
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    if (engine.recomputes()) {
      activate(pass);
    }
    engine.kernels().sumRows(dy, parameters.gradient("final.bias"));
    pass.convolution.backward(pass.activated, dy, pass.dActivated);
    pass.norm.backward(input, null, null, pass.dActivated, null, pass.gradients[0], null);
    return pass.gradients;
  }
}
