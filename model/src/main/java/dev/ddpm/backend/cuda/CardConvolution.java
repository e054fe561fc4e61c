package dev.ddpm.backend.cuda;

import dev.ddpm.backend.Weight;

/**
 * A convolution as the card's library has it, with weights in the order of this project. What is
 * multiplied is handed over as {@link #image} and {@link #result} have made it.
 */
final class CardConvolution {
  private final FactorRounding rounding;
  private final Filters filters;
  private final Weight weight;
  private final Device.ConvolutionSizes sizes;
  private final Device.Factors factors;
  private final Device.Convolution convolution;
  private final int taps;

  /**
   * A convolution of given sizes.
   *
   * @param weight (size, size, in, out)
   */
  CardConvolution(
      Device device,
      FactorRounding rounding,
      Filters filters,
      Device.ConvolutionSizes sizes,
      Weight weight) {
    this.rounding = rounding;
    this.filters = filters;
    this.weight = weight;
    this.sizes = sizes;
    this.factors = rounding.ofConvolution(sizes.in(), sizes.out());
    this.convolution = device.convolution(sizes, factors);
    this.taps = sizes.size() * sizes.size() * sizes.in();
  }

  /** Images (batch, height, width, in) as factors. */
  long image(long images) {
    int count = sizes.batch() * sizes.height() * sizes.width() * sizes.in();
    return rounding.factor(factors, "image", images, count);
  }

  /** Results or their gradients (batch, outHeight, outWidth, out) as factors. */
  long result(long results) {
    int count = sizes.batch() * sizes.outHeight() * sizes.outWidth() * sizes.out();
    return rounding.factor(factors, "result", results, count);
  }

  private long weights() {
    return filters.of(CudaTensor.address(weight.values()), taps, sizes.out(), factors);
  }

  /** Overwrites the result. */
  void forward(long image, long y) {
    convolution.forward(image, weights(), y);
  }

  /** Overwrites the image's gradient. */
  void inputGradient(long result, long dx) {
    convolution.inputGradient(weights(), result, dx);
  }

  /** Overwrites the weight's gradient. */
  void weightGradient(long image, long result) {
    long gradient = filters.scratch(taps * sizes.out());
    convolution.weightGradient(image, result, gradient);
    filters.restore(gradient, CudaTensor.address(weight.gradient()), taps, sizes.out());
  }
}
