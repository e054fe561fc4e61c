package dev.ddpm.layer;

import dev.ddpm.kernel.Convolution;
import dev.ddpm.kernel.ConvolutionShape;
import dev.ddpm.kernel.Tensor;
import dev.ddpm.kernel.onednn.OneDnn;
import dev.ddpm.kernel.onednn.OneDnnConvolution;
import java.util.Optional;

/** Chooses how a convolution is computed. */
final class Convolutions {
  private Convolutions() {}

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
    Optional<OneDnn> library = context.oneDnn();
    return library.isPresent()
        ? new OneDnnConvolution(library.get(), shape, weight, gradient)
        : new NativeConvolution(shape, weight, gradient);
  }
}
