package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.Tensor;

/** A transposed convolution by oneDNN: the input gradient of the convolution that it transposes. */
public final class OneDnnTransposedConvolution implements Convolution {
  private final Kernels kernels;
  private final ConvolutionPart transposed;

  /**
   * A transposed convolution of given sizes.
   *
   * @param transposed sizes of the convolution from the result to the input
   * @param kernel height and width of the kernel, with a padding of 1
   * @param weight (kernel, kernel, out, in)
   * @param gradient where the weight's gradient goes, or null in inference
   */
  public OneDnnTransposedConvolution(
      OneDnn library,
      Kernels kernels,
      ConvolutionShape transposed,
      int kernel,
      Tensor weight,
      Tensor gradient) {
    this.kernels = kernels;
    this.transposed =
        new ConvolutionPart(
            library, transposed, kernel, 0, 1, Layout.ROWS, Layout.ROWS, weight, gradient);
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    transposed.inputGradient(x, y);
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    transposed.forward(dy, null, dx);
    transposed.weightGradient(dy, x);
  }
}
