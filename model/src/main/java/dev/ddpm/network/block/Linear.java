package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
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

  Linear(Engine engine, BlockParameters parameters, String name, int rows) {
    this.kernels = engine.kernels();
    this.weight = parameters.value(name + ".weight");
    this.bias = parameters.value(name + ".bias");
    this.weightGradient = parameters.gradient(name + ".weight");
    this.biasGradient = parameters.gradient(name + ".bias");
    ProductShape product = ProductShape.of(rows, weight.rows(), weight.columns());
    this.forward = engine.product(product);
    this.toWeight = engine.product(product.secondGradient());
    this.toInput = engine.product(product.firstGradient());
  }

  void forward(Tensor x, Tensor y) {
    forward.run(x, weight, y);
    kernels.addToRows(bias, y);
  }

  /** Overwrites both gradients. */
  void parameterGradients(Tensor x, Tensor dy) {
    toWeight.run(x, dy, weightGradient);
    kernels.sumRows(dy, biasGradient);
  }

  void inputGradient(Tensor dy, Tensor dx) {
    toInput.run(dy, weight, dx);
  }
}
