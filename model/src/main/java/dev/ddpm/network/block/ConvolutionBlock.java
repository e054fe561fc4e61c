package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;

/** {@link BlockSpec.Convolution}. */
final class ConvolutionBlock implements Block {
  private final BlockSpec.Convolution spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  ConvolutionBlock(BlockSpec.Convolution spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
  }

  private final class Pass {
    final ConvolutionOp convolution;
    final Tensor y;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      ConvolutionShape shape =
          new ConvolutionShape(
              batch, input.size(1), input.size(2), spec.in(), spec.out(), spec.stride());
      convolution = engine.convolution(shape, parameters.weight("weight"));
      y = engine.allocate(shape.output());
      if (training) {
        gradients[0] = engine.allocate(shape.input());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    pass.convolution.forward(input, parameters.value("bias"), pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    pass.convolution.backward(input, dy, pass.gradients[0]);
    engine.kernels().sumRows(dy, parameters.gradient("bias"));
    return pass.gradients;
  }
}
