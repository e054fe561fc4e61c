package dev.ddpm.backend.convolution;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Weight;
import java.util.Optional;

/** Chooses the convolutions that are made of products and kernels. */
public final class ComposedConvolutions {
  private ComposedConvolutions() {}

  /**
   * The one that beats a library's convolution; empty where none does.
   *
   * @param engine whose products and kernels are used
   * @param weight (3, 3, in, out)
   */
  public static Optional<ConvolutionOp> of(ConvolutionShape shape, Engine engine, Weight weight) {
    if (NarrowOutputConvolution.suits(shape)) {
      return Optional.of(new NarrowOutputConvolution(shape, engine, weight));
    }
    return TapConvolution.suits(shape)
        ? Optional.of(new TapConvolution(shape, engine, weight))
        : Optional.empty();
  }

  /**
   * A transposed convolution with a padding of 1.
   *
   * @param transposed sizes of the convolution from the result to the input
   * @param kernel height and width of the kernel
   * @param engine whose products and kernels are used
   * @param weight (kernel, kernel, out, in)
   */
  public static ConvolutionOp transposed(
      ConvolutionShape transposed, int kernel, Engine engine, Weight weight) {
    return new TransposedWindows(transposed, kernel, engine, weight);
  }
}
