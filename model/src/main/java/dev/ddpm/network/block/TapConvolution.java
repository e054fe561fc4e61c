package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;

/**
 * A convolution of stride 1 as nine matrix products, one per position of the kernel: the pixels
 * that see a valid neighbour are gathered, multiplied with that position's (in, out) weights, and
 * added up. For small maps and many channels, where the native convolution mostly reorders weights.
 */
final class TapConvolution implements Convolution {
  /** Pixels up to which this beats the native convolution. */
  static final int LARGEST_MAP = 16;

  /** Channels from which on it does. */
  static final int FEWEST_CHANNELS = 64;

  private static final int CENTRE = 4;

  private final BlockContext context;
  private final Tensor weight;
  private final Tensor gradient;
  private final Tap[] taps = new Tap[ConvolutionShape.KERNEL * ConvolutionShape.KERNEL];

  TapConvolution(ConvolutionShape shape, BlockContext context, Tensor weight, Tensor gradient) {
    this.context = context;
    this.weight = weight;
    this.gradient = gradient;
    for (int tap = 0; tap < taps.length; tap++) {
      taps[tap] = new Tap(shape, tap);
    }
  }

  /** One position of the kernel: which pixels of the input meet which of the output. */
  private final class Tap {
    final int[] inputRows;
    final int[] outputRows;
    final Tensor tapWeight;
    final Tensor tapGradient;
    final Tensor gatheredInput;
    final Tensor gatheredOutput;
    final MatrixProduct forward = MatrixProduct.plain(context);
    final MatrixProduct toWeight = MatrixProduct.firstTransposed(context, 1);
    final MatrixProduct toInput = MatrixProduct.secondTransposed(context, 1);

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
      tapWeight = weight.slice(from, shape.in(), shape.out());
      tapGradient = gradient == null ? null : gradient.slice(from, shape.in(), shape.out());
      gatheredInput = count == 0 ? null : context.scratch("gathered input", count, shape.in());
      gatheredOutput = count == 0 ? null : context.scratch("gathered output", count, shape.out());
    }

    boolean isEmpty() {
      return inputRows.length == 0;
    }
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    Kernels kernels = context.kernels();
    // the centre meets every pixel, so its product can be written in place
    taps[CENTRE].forward.run(x.matrix(), taps[CENTRE].tapWeight.matrix(), y.matrix());
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
    for (int tap = 0; tap < taps.length; tap++) {
      Tap t = taps[tap];
      if (tap != CENTRE && !t.isEmpty()) {
        kernels.gatherRows(x, t.inputRows, t.gatheredInput);
        t.forward.run(t.gatheredInput.matrix(), t.tapWeight.matrix(), t.gatheredOutput.matrix());
        kernels.addToRows(t.gatheredOutput, t.outputRows, y);
      }
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    Kernels kernels = context.kernels();
    Tap centre = taps[CENTRE];
    centre.toWeight.run(x.matrix(), dy.matrix(), centre.tapGradient.matrix());
    centre.toInput.run(dy.matrix(), centre.tapWeight.matrix(), dx.matrix());
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
      t.toWeight.run(t.gatheredInput.matrix(), t.gatheredOutput.matrix(), t.tapGradient.matrix());
      t.toInput.run(t.gatheredOutput.matrix(), t.tapWeight.matrix(), t.gatheredInput.matrix());
      kernels.addToRows(t.gatheredInput, t.inputRows, dx);
    }
  }
}
