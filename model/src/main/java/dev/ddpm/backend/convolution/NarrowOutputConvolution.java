package dev.ddpm.backend.convolution;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/**
 * A convolution to few channels as one product: of every pixel with the weights of all nine taps,
 * each result being added where its tap says. Pixel p meets output p − tap, so seen from the output
 * the taps come in reverse order: the products are the windows of the output.
 */
final class NarrowOutputConvolution implements ConvolutionOp {
  /** Output channels up to which this beats the native convolution. */
  private static final int MOST_CHANNELS = 4;

  private final Engine engine;
  private final Patches patches;
  private final Weight weight;
  private final int[] toReversed;
  private final int[] fromReversed;
  private final Tensor reversed;
  private final Tensor reversedGradient;
  private final Tensor pixelWeights;
  private final Tensor pixelWeightGradients;
  private final Tensor windows;
  private final MatrixProduct forward;
  private final MatrixProduct toInput;
  private final MatrixProduct toWeight;

  NarrowOutputConvolution(ConvolutionShape shape, Engine engine, Weight weight) {
    this.engine = engine;
    this.patches = shape.patches(shape.out());
    int taps = ConvolutionShape.KERNEL * ConvolutionShape.KERNEL;
    int in = shape.in();
    this.weight = weight;
    this.toReversed = new int[taps * in];
    this.fromReversed = new int[taps * in];
    for (int channel = 0; channel < in; channel++) {
      for (int tap = 0; tap < taps; tap++) {
        int there = channel * taps + taps - 1 - tap;
        int here = tap * in + channel;
        toReversed[there] = here;
        fromReversed[here] = there;
      }
    }
    this.reversed = engine.allocate((long) taps * in, shape.out());
    this.reversedGradient =
        weight.gradient() == null ? null : engine.allocate((long) taps * in, shape.out());
    this.pixelWeights = reversed.reshape(in, (long) taps * shape.out());
    this.pixelWeightGradients =
        weight.gradient() == null ? null : reversedGradient.reshape(in, (long) taps * shape.out());
    this.windows = engine.scratch("windows", patches.matrix());
    ProductShape product = ProductShape.of(windows.rows(), in, taps * shape.out());
    this.forward = engine.product(product);
    this.toInput = engine.product(product.firstGradient());
    this.toWeight = engine.product(product.secondGradient());
  }

  /** Whether the sizes are such that this beats the native convolution. */
  static boolean suits(ConvolutionShape shape) {
    return shape.out() <= MOST_CHANNELS && shape.stride() == 1;
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    engine.kernels().gatherRows(weight.values(), toReversed, reversed);
    forward.run(x, pixelWeights, windows);
    engine.kernels().clear(y);
    if (bias != null) {
      engine.kernels().addToRows(bias, y);
    }
    engine.kernels().scatterAdd(patches, windows, y);
  }

  /** Uses the weights of the last forward pass. */
  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    engine.kernels().gather(patches, dy, windows);
    toInput.run(windows, pixelWeights, dx);
    toWeight.run(x, windows, pixelWeightGradients);
    engine.kernels().gatherRows(reversedGradient, fromReversed, weight.gradient());
  }
}
