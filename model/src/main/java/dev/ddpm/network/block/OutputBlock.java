package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.Tensor;

/** {@link BlockSpec.Output}. */
final class OutputBlock implements Block {
  private final BlockSpec.Output spec;
  private final BlockContext context;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  OutputBlock(BlockSpec.Output spec, BlockContext context, BlockParameters parameters) {
    this.spec = spec;
    this.context = context;
    this.parameters = parameters;
  }

  private final class Pass {
    final GroupNorm norm;
    final Convolution convolution;
    final Tensor activated;
    final Tensor mean;
    final Tensor deviation;
    final Tensor y;
    final Tensor dActivated;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      int height = input.size(1);
      int width = input.size(2);
      ConvolutionShape shape = new ConvolutionShape(batch, height, width, spec.in(), spec.out(), 1);
      norm = new GroupNorm(batch, height * width, spec.in(), spec.groups(), spec.epsilon(), true);
      convolution =
          Convolutions.of(
              shape,
              context,
              parameters.value("final.weight"),
              parameters.gradient("final.weight"));
      activated =
          training ? context.allocate(shape.input()) : context.scratch("activated", shape.input());
      mean = context.allocate(batch, spec.groups());
      deviation = context.allocate(batch, spec.groups());
      y = context.allocate(shape.output());
      dActivated = training ? context.scratch("gradient", shape.input()) : null;
      if (training) {
        gradients[0] = context.allocate(shape.input());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    context
        .kernels()
        .groupNorm(
            pass.norm,
            input,
            null,
            parameters.value("norm.weight"),
            parameters.value("norm.bias"),
            null,
            null,
            pass.activated,
            pass.mean,
            pass.deviation);
    pass.convolution.forward(pass.activated, parameters.value("final.bias"), pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    context.kernels().sumRows(dy, parameters.gradient("final.bias"));
    pass.convolution.backward(pass.activated, dy, pass.dActivated);
    context
        .kernels()
        .groupNormBackward(
            pass.norm,
            input,
            null,
            parameters.value("norm.weight"),
            parameters.value("norm.bias"),
            null,
            null,
            pass.mean,
            pass.deviation,
            pass.dActivated,
            null,
            pass.gradients[0],
            null,
            parameters.gradient("norm.weight"),
            parameters.gradient("norm.bias"));
    return pass.gradients;
  }
}
