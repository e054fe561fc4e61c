package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Tensor;

/** The back end's own convolution: oneDNN on the CPU, cuDNN on a GPU. */
final class NativeConvolution implements Convolution {
  private static final int CHANNELS_LAST = 1;
  private static final int WEIGHTS_KERNEL_IN_OUT = 0;

  private final Tensor weight;
  private final Tensor gradient;
  private final NativeOp plain;
  private final NativeOp biased;
  private final NativeOp backward;

  NativeConvolution(ConvolutionShape shape, Tensor weight, Tensor gradient) {
    this.weight = weight;
    this.gradient = gradient;
    long[] arguments = arguments(ConvolutionShape.KERNEL, shape.stride());
    this.plain = new NativeOp("conv2d", 2, 1, arguments);
    this.biased = new NativeOp("conv2d", 3, 1, arguments);
    this.backward = new NativeOp("conv2d_bp", 3, 2, arguments);
  }

  /** Square kernel and stride, padding 1, dilation 1, channels last. */
  static long[] arguments(int kernel, int stride) {
    return new long[] {
      kernel, kernel, stride, stride, 1, 1, 1, 1, 0, CHANNELS_LAST, WEIGHTS_KERNEL_IN_OUT
    };
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    NativeOp op = bias == null ? plain : biased.input(2, bias.array());
    op.input(0, x.array()).input(1, weight.array()).output(0, y.array()).run();
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    backward
        .input(0, x.array())
        .input(1, weight.array())
        .input(2, dy.array())
        .output(0, dx.array())
        .output(1, gradient.array())
        .run();
  }
}
