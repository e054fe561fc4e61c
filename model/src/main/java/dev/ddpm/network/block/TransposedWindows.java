package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.Tensor;

/**
 * A transposed convolution as one product of every pixel with the weights of all taps, the results
 * being added up where the windows of the output overlap.
 */
final class TransposedWindows implements Convolution {
  private final Kernels kernels;
  private final Patches patches;
  private final Tensor weight;
  private final Tensor gradient;
  private final Tensor windows;
  private final MatrixProduct forward;
  private final MatrixProduct toInput;
  private final MatrixProduct toWeight;

  /**
   * A transposed convolution of given sizes.
   *
   * @param transposed sizes of the convolution from the result to the input
   * @param kernel height and width of the kernel, with a padding of 1
   * @param weight (kernel, kernel, out, in)
   * @param gradient where the weight's gradient goes, or null in inference
   */
  TransposedWindows(
      ConvolutionShape transposed,
      int kernel,
      BlockContext context,
      Tensor weight,
      Tensor gradient) {
    kernels = context.kernels();
    patches =
        new Patches(
            transposed.batch(),
            transposed.height(),
            transposed.width(),
            transposed.in(),
            kernel,
            transposed.stride());
    long[] perTap = {(long) kernel * kernel * transposed.in(), transposed.out()};
    this.weight = weight.reshape(perTap);
    this.gradient = gradient == null ? null : gradient.reshape(perTap);
    windows = context.scratch("windows", patches.matrix());
    forward = MatrixProduct.secondTransposed(context, 1);
    toInput = MatrixProduct.plain(context);
    toWeight = MatrixProduct.firstTransposed(context, 1);
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    forward.run(x.matrix(), weight.matrix(), windows.matrix());
    kernels.clear(y);
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
    kernels.scatterAdd(patches, windows, y);
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    kernels.gather(patches, dy, windows);
    toInput.run(windows.matrix(), weight.matrix(), dx.matrix());
    toWeight.run(windows.matrix(), x.matrix(), gradient.matrix());
  }
}
