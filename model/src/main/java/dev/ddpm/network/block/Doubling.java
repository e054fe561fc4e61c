package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/**
 * A transposed 4×4 convolution of stride 2 and padding 1, which doubles images in height and width:
 * what the blocks between two levels on the way up compute.
 */
final class Doubling {
  /** Rows and columns of its kernel. */
  static final int KERNEL = 4;

  private static final int STRIDE = 2;

  private final Engine engine;
  private final Weight kernel;
  private final Weight bias;
  private final int out;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  /**
   * Binds the convolution to its weights.
   *
   * @param kernel (4, 4, channels out, channels in)
   * @param bias (channels out)
   * @param out channels of the output
   */
  Doubling(Engine engine, Weight kernel, Weight bias, int out) {
    this.engine = engine;
    this.kernel = kernel;
    this.bias = bias;
    this.out = out;
  }

  /** Operations per position of the output: each is reached by a quarter of the kernel. */
  static long flops(int in, int out, long positions) {
    return 2L * KERNEL * in * out * positions;
  }

  static long outputPositions(long inputPositions) {
    return (long) STRIDE * STRIDE * inputPositions;
  }

  static void count(MemoryCount count, long inputPositions, int in, int out) {
    long result = outputPositions(inputPositions) * out;
    count.training().own(result + inputPositions * in);
    count.inference().own(result);
    count.keep((long) KERNEL * KERNEL * in * out);
    count.training().share("windows", (long) KERNEL * KERNEL * inputPositions * out);
  }

  private final class Pass {
    final ConvolutionOp convolution;
    final Tensor y;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      var downwards =
          new ConvolutionShape(
              batch, STRIDE * input.size(1), STRIDE * input.size(2), out, input.size(3), STRIDE);
      convolution = engine.transposedConvolution(downwards, KERNEL, kernel);
      y = engine.allocate(downwards.input());
      if (training) {
        gradients[0] = engine.allocate(input.shape());
      }
    }
  }

  /** The result, an array that the next call with the same batch size fills anew. */
  Tensor forward(Tensor x, boolean training) {
    input = x;
    Pass pass = passes.of(x.size(0), training);
    pass.convolution.forward(x, bias.values(), pass.y);
    return pass.y;
  }

  /** The gradient of the input; those of kernel and bias go where these say. */
  Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    pass.convolution.backward(input, dy, pass.gradients[0]);
    engine.kernels().sumRows(dy, bias.gradient());
    return pass.gradients;
  }
}
