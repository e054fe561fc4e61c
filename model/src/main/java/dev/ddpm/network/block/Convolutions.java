package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.cpu.onednn.OneDnn;
import dev.ddpm.backend.cpu.onednn.OneDnnConvolution;
import dev.ddpm.backend.cpu.onednn.OneDnnTransposedConvolution;
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
    return of(shape, Layout.ROWS, Layout.ROWS, context, weight, gradient);
  }

  /**
   * The way that suits the sizes, for images in other layouts.
   *
   * @param x layout of the input and of its gradient: rows, or {@link #layout} for these sizes
   * @param y layout of the result and of its gradient, likewise
   */
  static Convolution of(
      ConvolutionShape shape,
      Layout x,
      Layout y,
      BlockContext context,
      Tensor weight,
      Tensor gradient) {
    boolean smallMap = shape.height() * shape.width() <= TapConvolution.LARGEST_MAP;
    boolean wide = Math.min(shape.in(), shape.out()) >= TapConvolution.FEWEST_CHANNELS;
    if (shape.out() <= NarrowOutputConvolution.MOST_CHANNELS && shape.stride() == 1) {
      return new NarrowOutputConvolution(shape, context, weight, gradient);
    } else if (smallMap && wide && shape.stride() == 1 && layout(shape, context) == Layout.ROWS) {
      return new TapConvolution(shape, context, weight, gradient);
    }
    Optional<OneDnn> library = context.oneDnn();
    return library.isPresent()
        ? new OneDnnConvolution(library.get(), shape, x, y, weight, gradient)
        : new NativeConvolution(shape, weight, gradient);
  }

  /**
   * A transposed convolution with a padding of 1.
   *
   * @param transposed sizes of the convolution from the result to the input
   * @param kernel height and width of the kernel
   * @param weight (kernel, kernel, out, in)
   * @param gradient where the weight's gradient goes, or null in inference
   */
  static Convolution transposed(
      ConvolutionShape transposed,
      int kernel,
      BlockContext context,
      Tensor weight,
      Tensor gradient) {
    Optional<OneDnn> library = context.oneDnn();
    return library.isPresent()
        ? new OneDnnTransposedConvolution(
            library.get(), context.kernels(), transposed, kernel, weight, gradient)
        : new TransposedWindows(transposed, kernel, context, weight, gradient);
  }

  /** The layout of images that a convolution of these sizes takes and gives fastest. */
  static Layout layout(ConvolutionShape shape, BlockContext context) {
    return context
        .oneDnn()
        .map(library -> OneDnnConvolution.layout(library, shape))
        .orElse(Layout.ROWS);
  }
}
