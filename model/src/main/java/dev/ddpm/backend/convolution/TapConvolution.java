package dev.ddpm.backend.convolution;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/**
 * A convolution of stride 1 as nine matrix products, one per position of the kernel: the pixels
 * that see a valid neighbour are gathered, multiplied with that position's (in, out) weights, and
 * added up. For small maps and many channels, where the native convolution mostly reorders weights.
 */
final class TapConvolution implements ConvolutionOp {
  /** Pixels up to which this beats the native convolution. */
  private static final int LARGEST_MAP = 16;

  /** Channels from which on it does. */
  private static final int FEWEST_CHANNELS = 64;

  private static final int CENTRE = 4;

  private final Engine engine;
  private final Weight weight;
  private final Tap[] taps = new Tap[ConvolutionShape.KERNEL * ConvolutionShape.KERNEL];

  TapConvolution(ConvolutionShape shape, Engine engine, Weight weight) {
    this.engine = engine;
    this.weight = weight;
    for (int tap = 0; tap < taps.length; tap++) {
      taps[tap] = new Tap(shape, tap);
    }
  }

  /** Whether the sizes are such that this beats the native convolution. */
  static boolean suits(ConvolutionShape shape) {
    return shape.height() * shape.width() <= LARGEST_MAP
        && Math.min(shape.in(), shape.out()) >= FEWEST_CHANNELS
        && shape.stride() == 1;
  }

  /** One position of the kernel: which pixels of the input meet which of the output. */
  private final class Tap {
    final int[] inputRows;
    final int[] outputRows;
    final Tensor tapWeight;
    final Tensor tapGradient;
    final Tensor gatheredInput;
    final Tensor gatheredOutput;
    final MatrixProduct forward;
    final MatrixProduct toWeight;
    final MatrixProduct toInput;

    Tap(ConvolutionShape shape, int tap) {
      int down = tap / ConvolutionShape.KERNEL - 1;
      int right = tap % ConvolutionShape.KERNEL - 1;
      int top = Math.max(0, -down);
      int bottom = Math.min(shape.height(), shape.height() - down);
      int left = Math.max(0, -right);
      int end = Math.min(shape.width(), shape.width() - right);
      int count = shape.batch() * Math.max(0, bottom - top) * Math.max(0, end - left);
      inputRows = new int[count];
      outputRows = new int[count];
      int next = 0;
      for (int image = 0; image < shape.batch(); image++) {
        for (int y = top; y < bottom; y++) {
          for (int x = left; x < end; x++) {
            int pixel = (image * shape.height() + y) * shape.width() + x;
            outputRows[next] = pixel;
            inputRows[next++] = pixel + down * shape.width() + right;
          }
        }
      }
      long from = (long) tap * shape.in() * shape.out();
      tapWeight = weight.values().slice(from, shape.in(), shape.out());
      tapGradient =
          weight.gradient() == null ? null : weight.gradient().slice(from, shape.in(), shape.out());
      gatheredInput = count == 0 ? null : engine.scratch("gathered input", count, shape.in());
      gatheredOutput = count == 0 ? null : engine.scratch("gathered output", count, shape.out());
      ProductShape product = ProductShape.of(count, shape.in(), shape.out());
      forward = engine.product(product);
      toWeight = engine.product(product.secondGradient());
      toInput = engine.product(product.firstGradient());
    }

    boolean isEmpty() {
      return inputRows.length == 0;
    }
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    Kernels kernels = engine.kernels();
    // the centre meets every pixel, so its product can be written in place
    taps[CENTRE].forward.run(x, taps[CENTRE].tapWeight, y);
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
    for (int tap = 0; tap < taps.length; tap++) {
      Tap t = taps[tap];
      if (tap != CENTRE && !t.isEmpty()) {
        kernels.gatherRows(x, t.inputRows, t.gatheredInput);
        t.forward.run(t.gatheredInput, t.tapWeight, t.gatheredOutput);
        kernels.addToRows(t.gatheredOutput, t.outputRows, y);
      }
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    Kernels kernels = engine.kernels();
    Tap centre = taps[CENTRE];
    centre.toWeight.run(x, dy, centre.tapGradient);
    centre.toInput.run(dy, centre.tapWeight, dx);
    for (int tap = 0; tap < taps.length; tap++) {
      Tap t = taps[tap];
      if (tap == CENTRE) {
        continue;
      }
      if (t.isEmpty()) {
        kernels.clear(t.tapGradient);
        continue;
      }
      kernels.gatherRows(x, t.inputRows, t.gatheredInput);
      kernels.gatherRows(dy, t.outputRows, t.gatheredOutput);
      t.toWeight.run(t.gatheredInput, t.gatheredOutput, t.tapGradient);
      t.toInput.run(t.gatheredOutput, t.tapWeight, t.gatheredInput);
      kernels.addToRows(t.gatheredInput, t.inputRows, dx);
    }
  }
}
