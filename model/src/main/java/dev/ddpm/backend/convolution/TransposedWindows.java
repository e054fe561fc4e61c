package dev.ddpm.backend.convolution;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/**
 * A transposed convolution as one product of every pixel with the weights of all taps, the results
 * being added up where the windows of the output overlap.
 */
final class TransposedWindows implements ConvolutionOp {
  private final Kernels kernels;
  private final Patches patches;
  private final Tensor weight;
  private final Tensor gradient;
  private final Tensor windows;
  private final MatrixProduct forward;
  private final MatrixProduct toInput;
  private final MatrixProduct toWeight;

  TransposedWindows(ConvolutionShape transposed, int kernel, Engine engine, Weight weight) {
    kernels = engine.kernels();
    patches =
        new Patches(
            transposed.batch(),
            transposed.height(),
            transposed.width(),
            transposed.in(),
            kernel,
            transposed.stride());
    long[] perTap = {(long) kernel * kernel * transposed.in(), transposed.out()};
    this.weight = weight.values().reshape(perTap);
    gradient = weight.gradient() == null ? null : weight.gradient().reshape(perTap);
    windows = engine.scratch("windows", patches.matrix());
    ProductShape toPixels = ProductShape.of(windows.rows(), windows.columns(), transposed.out());
    forward = engine.product(toPixels.firstGradient());
    toInput = engine.product(toPixels);
    toWeight = engine.product(toPixels.secondGradient());
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    forward.run(x, weight, windows);
    kernels.clear(y);
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
    kernels.scatterAdd(patches, windows, y);
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    kernels.gather(patches, dy, windows);
    toInput.run(windows, weight, dx);
    toWeight.run(windows, x, gradient);
  }
}
