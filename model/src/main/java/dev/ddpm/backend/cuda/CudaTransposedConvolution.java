package dev.ddpm.backend.cuda;

import static dev.ddpm.backend.cuda.CudaTensor.address;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;

/** A transposed convolution: the input gradient of the convolution that it transposes. */
final class CudaTransposedConvolution implements ConvolutionOp {
  private static final int PADDING = 1;

  private final Kernels kernels;
  private final CardConvolution transposed;

  /**
   * A transposed convolution.
   *
   * @param transposed the convolution from the result to the input, of {@link #sizes}
   */
  CudaTransposedConvolution(Kernels kernels, CardConvolution transposed) {
    this.kernels = kernels;
    this.transposed = transposed;
  }

  /** The sizes of the convolution from the result to the input, for the card's library. */
  static Device.ConvolutionSizes sizes(ConvolutionShape transposed, int kernel) {
    return new Device.ConvolutionSizes(
        transposed.batch(),
        transposed.height(),
        transposed.width(),
        transposed.in(),
        transposed.out(),
        kernel,
        transposed.stride(),
        PADDING);
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    transposed.inputGradient(transposed.result(address(x)), address(y));
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    long image = transposed.image(address(dy));
    transposed.forward(image, address(dx));
    transposed.weightGradient(image, transposed.result(address(x)));
  }
}
