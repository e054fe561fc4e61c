package dev.ddpm.layer;

import dev.ddpm.kernel.Tensor;

/**
 * One way to compute a 3×3 convolution of padding 1 of given sizes. The bias gradient is not its
 * business: it is a sum over the rows of dy, which other kernels often have already.
 */
interface Convolution {

  /**
   * y = x ∗ weight + bias.
   *
   * @param bias (out), or null
   */
  void forward(Tensor x, Tensor bias, Tensor y);

  /** Overwrites {@code dx} and the weight's gradient. */
  void backward(Tensor x, Tensor dy, Tensor dx);

  /**
   * The way that suits the sizes. A fixed rule, not a measurement, so that every machine computes
   * the same.
   *
   * @param weight (3, 3, in, out)
   * @param gradient where the weight's gradient goes, or null in inference
   */
  static Convolution of(
      ConvolutionShape shape, BlockContext context, Tensor weight, Tensor gradient) {
    boolean smallMap = shape.height() * shape.width() <= TapConvolution.LARGEST_MAP;
    boolean wide = Math.min(shape.in(), shape.out()) >= TapConvolution.FEWEST_CHANNELS;
    if (shape.out() <= NarrowOutputConvolution.MOST_CHANNELS && shape.stride() == 1) {
      return new NarrowOutputConvolution(shape, context, weight, gradient);
    } else if (smallMap && wide && shape.stride() == 1) {
      return new TapConvolution(shape, context, weight, gradient);
    }
    return new NativeConvolution(shape, weight, gradient);
  }
}
