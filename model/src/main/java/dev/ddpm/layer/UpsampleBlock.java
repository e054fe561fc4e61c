package dev.ddpm.layer;

import dev.ddpm.kernel.Kernels;
import dev.ddpm.kernel.Patches;
import dev.ddpm.kernel.Tensor;

/**
 * {@link BlockSpec.Upsample}: as one product of every pixel with the weights of all sixteen taps,
 * the results being added up where the 4×4 windows of the output overlap.
 */
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
    final Patches patches;
    final Tensor y;
    final Tensor weight;
    final Tensor gradient;
    final Tensor windows;
    final MatrixProduct forward = MatrixProduct.secondTransposed(context, 1);
    final MatrixProduct toInput = MatrixProduct.plain(context);
    final MatrixProduct toWeight = MatrixProduct.firstTransposed(context, 1);
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      patches =
          new Patches(batch, 2 * input.size(1), 2 * input.size(2), spec.out(), KERNEL, STRIDE);
      y = context.allocate(patches.image());
      windows = context.scratch("windows", patches.matrix());
      weight = perTap(parameters.value("weight"));
      gradient = training ? perTap(parameters.gradient("weight")) : null;
      if (training) {
        gradients[0] = context.allocate(input.array().shape());
      }
    }

    private Tensor perTap(Tensor weights) {
      return weights.reshape((long) KERNEL * KERNEL * spec.out(), spec.in());
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    Kernels kernels = context.kernels();
    pass.forward.run(input.matrix(), pass.weight.matrix(), pass.windows.matrix());
    kernels.clear(pass.y);
    kernels.addToRows(parameters.value("bias"), pass.y);
    kernels.scatterAdd(pass.patches, pass.windows, pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    Kernels kernels = context.kernels();
    kernels.gather(pass.patches, dy, pass.windows);
    pass.toInput.run(pass.windows.matrix(), pass.weight.matrix(), pass.gradients[0].matrix());
    pass.toWeight.run(pass.windows.matrix(), input.matrix(), pass.gradient.matrix());
    kernels.sumRows(dy, parameters.gradient("bias"));
    return pass.gradients;
  }
}
