package dev.ddpm.layer;

import dev.ddpm.kernel.Kernels;
import dev.ddpm.kernel.Tensor;

/** y = x · W + b on the rows of x, with the weight as (in, out). */
final class Linear {
  private final Kernels kernels;
  private final Tensor weight;
  private final Tensor bias;
  private final Tensor weightGradient;
  private final Tensor biasGradient;
  private final MatrixProduct forward = MatrixProduct.plain();
  private final MatrixProduct toWeight = MatrixProduct.firstTransposed(1);
  private final MatrixProduct toInput = MatrixProduct.secondTransposed(1);

  Linear(Kernels kernels, BlockParameters parameters, String name) {
    this.kernels = kernels;
    this.weight = parameters.value(name + ".weight");
    this.bias = parameters.value(name + ".bias");
    this.weightGradient = parameters.gradient(name + ".weight");
    this.biasGradient = parameters.gradient(name + ".bias");
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
