package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Tensor;

/** {@link BlockSpec.Upsample}: a transposed 4×4 convolution of stride 2. */
final class UpsampleBlock implements Block {
  private static final int KERNEL = 4;
  private static final int STRIDE = 2;

  private final BlockSpec.Upsample spec;
  private final BlockContext context;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  UpsampleBlock(BlockSpec.Upsample spec, BlockContext context, BlockParameters parameters) {
    this.spec = spec;
    this.context = context;
    this.parameters = parameters;
  }

  private final class Pass {
    final Convolution convolution;
    final Tensor y;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      var downwards =
          new ConvolutionShape(
              batch, STRIDE * input.size(1), STRIDE * input.size(2), spec.out(), spec.in(), STRIDE);
      convolution =
          Convolutions.transposed(
              downwards,
              KERNEL,
              context,
              parameters.value("weight"),
              training ? parameters.gradient("weight") : null);
      y = context.allocate(downwards.input());
      if (training) {
        gradients[0] = context.allocate(input.array().shape());
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
    context.kernels().sumRows(dy, parameters.gradient("bias"));
    return pass.gradients;
  }
}
