package dev.ddpm.backend.cuda;

import static dev.ddpm.backend.cuda.CudaTensor.address;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;

/**
 * A 3×3 convolution. The card's library pads on all sides or on none: an image that is padded at
 * its end alone gets its row and column of zeros in a copy.
 */
final class CudaConvolution implements ConvolutionOp {
  private final Device device;
  private final Kernels kernels;
  private final ConvolutionShape shape;
  private final CardConvolution convolution;

  /** (batch, height + 1, width + 1, in), or null. */
  private final Tensor padded;

  /**
   * A convolution of given sizes.
   *
   * @param convolution of {@link #sizes}
   * @param padded scratch memory of its images, or null where they are padded on all sides
   */
  CudaConvolution(
      Device device,
      Kernels kernels,
      ConvolutionShape shape,
      CardConvolution convolution,
      Tensor padded) {
    this.device = device;
    this.kernels = kernels;
    this.shape = shape;
    this.convolution = convolution;
    this.padded = padded;
  }

  /** Whether images have to be padded before. */
  static boolean padsAtTheEnd(ConvolutionShape shape) {
    return shape.before() == 0;
  }

  /** Its sizes for the card's library. */
  static Device.ConvolutionSizes sizes(ConvolutionShape shape) {
    int more = padsAtTheEnd(shape) ? 1 : 0;
    return new Device.ConvolutionSizes(
        shape.batch(),
        shape.height() + more,
        shape.width() + more,
        shape.in(),
        shape.out(),
        ConvolutionShape.KERNEL,
        shape.stride(),
        shape.before());
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    convolution.forward(convolution.image(image(x)), address(y));
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    long result = convolution.result(address(dy));
    convolution.weightGradient(convolution.image(image(x)), result);
    if (padded == null) {
      convolution.inputGradient(result, address(dx));
    } else {
      convolution.inputGradient(result, address(padded));
      ends("cropEnd", address(padded), address(dx), dx.length());
    }
  }

  private long image(Tensor x) {
    if (padded == null) {
      return address(x);
    }
    ends("padEnd", address(x), address(padded), padded.length());
    return address(padded);
  }

  private void ends(String kernel, long from, long to, int count) {
    Launches.run(device, kernel, count, from, to, count, shape.height(), shape.width(), shape.in());
  }
}
