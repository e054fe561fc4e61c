package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.Tensor;

/**
 * A convolution to few channels as one product: of every pixel with the weights of all nine taps,
 * each result being added where its tap says. Pixel p meets output p − tap, so seen from the output
 * the taps come in reverse order: the products are the windows of the output.
 */
final class NarrowOutputConvolution implements Convolution {
  /** Output channels up to which this beats the native convolution. */
  static final int MOST_CHANNELS = 4;

  private final BlockContext context;
  private final Patches patches;
  private final Tensor weight;
  private final Tensor gradient;
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

  NarrowOutputConvolution(
      ConvolutionShape shape, BlockContext context, Tensor weight, Tensor gradient) {
    this.context = context;
    this.patches = shape.patches(shape.out());
    int taps = ConvolutionShape.KERNEL * ConvolutionShape.KERNEL;
    int in = shape.in();
    this.weight = weight;
    this.gradient = gradient;
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
    this.reversed = context.allocate((long) taps * in, shape.out());
    this.reversedGradient =
        gradient == null ? null : context.allocate((long) taps * in, shape.out());
    this.pixelWeights = reversed.reshape(in, (long) taps * shape.out());
    this.pixelWeightGradients =
        gradient == null ? null : reversedGradient.reshape(in, (long) taps * shape.out());
    this.windows = context.scratch("windows", patches.matrix());
    this.forward = MatrixProduct.plain(context);
    this.toInput = MatrixProduct.secondTransposed(context, 1);
    this.toWeight = MatrixProduct.firstTransposed(context, 1);
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    context.kernels().gatherRows(weight, toReversed, reversed);
    forward.run(x.matrix(), pixelWeights.matrix(), windows.matrix());
    context.kernels().clear(y);
    if (bias != null) {
      context.kernels().addToRows(bias, y);
    }
    context.kernels().scatterAdd(patches, windows, y);
  }

  /** Uses the weights of the last forward pass. */
  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    context.kernels().gather(patches, dy, windows);
    toInput.run(windows.matrix(), pixelWeights.matrix(), dx.matrix());
    toWeight.run(x.matrix(), windows.matrix(), pixelWeightGradients.matrix());
    context.kernels().gatherRows(reversedGradient, fromReversed, gradient);
  }
}
