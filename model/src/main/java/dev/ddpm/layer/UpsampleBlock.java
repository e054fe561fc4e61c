package dev.ddpm.layer;

import dev.ddpm.kernel.Tensor;

/** {@link BlockSpec.Upsample}. */
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
    final Tensor y;
    final NativeOp forward;
    final NativeOp backward;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      int height = input.size(1);
      int width = input.size(2);
      long[] arguments = NativeConvolution.arguments(KERNEL, STRIDE);
      y = context.allocate(batch, 2L * height, 2L * width, spec.out());
      forward = new NativeOp("deconv2d", 3, 1, arguments);
      backward = training ? new NativeOp("deconv2d_bp", 3, 2, arguments) : null;
      if (training) {
        gradients[0] = context.allocate(batch, height, width, spec.in());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    pass.forward
        .input(0, input.array())
        .input(1, parameters.value("weight").array())
        .input(2, parameters.value("bias").array())
        .output(0, pass.y.array())
        .run();
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    pass.backward
        .input(0, input.array())
        .input(1, parameters.value("weight").array())
        .input(2, dy.array())
        .output(0, pass.gradients[0].array())
        .output(1, parameters.gradient("weight").array())
        .run();
    context.kernels().sumRows(dy, parameters.gradient("bias"));
    return pass.gradients;
  }
}
