package dev.ddpm.network.block;

import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;

/** y = x · W + b on the rows of x, always as many, with the weight as (in, out). */
final class Linear {
  private final Kernels kernels;
  private final Tensor weight;
  private final Tensor bias;
  private final Tensor weightGradient;
  private final Tensor biasGradient;
  private final MatrixProduct forward;
  private final MatrixProduct toWeight;
  private final MatrixProduct toInput;

  Linear(BlockContext context, BlockParameters parameters, String name) {
    this.kernels = context.kernels();
    this.weight = parameters.value(name + ".weight");
    this.bias = parameters.value(name + ".bias");
    this.weightGradient = parameters.gradient(name + ".weight");
    this.biasGradient = parameters.gradient(name + ".bias");
    this.forward = MatrixProduct.plain(context);
    this.toWeight = MatrixProduct.firstTransposed(context, 1);
    this.toInput = MatrixProduct.secondTransposed(context, 1);
  }

  void forward(Tensor x, Tensor y) {
    forward.run(x.matrix(), weight.matrix(), y.matrix());
    kernels.addToRows(bias, y);
  }

  /** Overwrites both gradients. */
  void parameterGradients(Tensor x, Tensor dy) {
    toWeight.run(x.matrix(), dy.matrix(), weightGradient.matrix());
    kernels.sumRows(dy, biasGradient);
  }

  void inputGradient(Tensor dy, Tensor dx) {
    toInput.run(dy.matrix(), weight.matrix(), dx.matrix());
  }
}
