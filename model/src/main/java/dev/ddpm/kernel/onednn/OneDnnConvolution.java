package dev.ddpm.kernel.onednn;

import dev.ddpm.kernel.Convolution;
import dev.ddpm.kernel.ConvolutionShape;
import dev.ddpm.kernel.Tensor;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_desc;

/**
 * A convolution by oneDNN: Winograd's F(4×4, 3×3) where it is faster, with images copied to the
 * blocked layout that it needs, else the direct algorithm on the images as they lie. Only the
 * latter on CPUs without AVX-512.
 */
public final class OneDnnConvolution implements Convolution {
  /** Rows and columns from which Winograd's tiles of 4×4 results are not mostly margin. */
  private static final int SMALLEST_MAP = 8;

  /** What a vector register holds; Winograd's kernels take whole ones. */
  private static final int CHANNELS_PER_BLOCK = 16;

  /** in · out from which the weight gradient's tiles are worth the transformation. */
  private static final int FEWEST_WEIGHTS_PER_TAP = 3072;

  private static final long[] ONE = {1, 1};

  private final OneDnn library;
  private final ConvolutionShape shape;
  private final long[] stride;
  private final Tensor weight;
  private final Tensor gradient;
  private final memory.desc image;
  private final memory.desc result;
  private final memory.desc weights;
  private Forward plain;
  private Forward biased;
  private Backward backward;

  /**
   * A convolution of given sizes.
   *
   * @param weight (3, 3, in, out)
   * @param gradient where the weight's gradient goes, or null in inference
   */
  public OneDnnConvolution(OneDnn library, ConvolutionShape shape, Tensor weight, Tensor gradient) {
    this.library = library;
    this.shape = shape;
    this.stride = new long[] {shape.stride(), shape.stride()};
    this.weight = weight;
    this.gradient = gradient;
    this.image = image(memory.format_tag.nhwc);
    this.result = result(memory.format_tag.nhwc);
    this.weights = weights(memory.format_tag.hwio);
  }

  private memory.desc image(memory.format_tag order) {
    return library.describe(order, shape.batch(), shape.in(), shape.height(), shape.width());
  }

  private memory.desc result(memory.format_tag order) {
    return library.describe(order, shape.batch(), shape.out(), shape.outHeight(), shape.outWidth());
  }

  private memory.desc weights(memory.format_tag order) {
    return library.describe(
        order, shape.out(), shape.in(), ConvolutionShape.KERNEL, ConvolutionShape.KERNEL);
  }

  private boolean suitsWinograd() {
    return shape.stride() == 1
        && Math.min(shape.height(), shape.width()) >= SMALLEST_MAP
        && shape.in() % CHANNELS_PER_BLOCK == 0
        && shape.out() % CHANNELS_PER_BLOCK == 0;
  }

  /** The order of an image's dimensions that an algorithm works on. */
  private static memory.format_tag order(boolean winograd) {
    return winograd ? memory.format_tag.nChw16c : memory.format_tag.nhwc;
  }

  private static dnnl.algorithm algorithm(boolean winograd) {
    return winograd ? dnnl.algorithm.convolution_winograd : dnnl.algorithm.convolution_direct;
  }

  /** Describes y = x ∗ w; empty where the library has no such algorithm for the CPU. */
  private convolution_forward.primitive_desc forward(boolean winograd, boolean withBias) {
    memory.desc any = weights(memory.format_tag.any);
    memory.desc x = image(order(winograd));
    memory.desc y = result(order(winograd));
    convolution_forward.desc description =
        withBias
            ? new convolution_forward.desc(
                dnnl.prop_kind.forward_training,
                algorithm(winograd),
                x,
                any,
                library.describe(memory.format_tag.x, shape.out()),
                y,
                stride,
                ONE,
                ONE)
            : new convolution_forward.desc(
                dnnl.prop_kind.forward_training, algorithm(winograd), x, any, y, stride, ONE, ONE);
    return new convolution_forward.primitive_desc(
        description, library.attributes(), library.engine(), true);
  }

  private static boolean exists(primitive_desc description) {
    return description.get(true) != null;
  }

  private final class Forward {
    final Operand x;
    final Operand w;
    final Operand bias;
    final Operand y;
    final Operation operation;

    Forward(boolean withBias) {
      boolean winograd = suitsWinograd() && exists(forward(true, withBias));
      convolution_forward.primitive_desc description = forward(winograd, withBias);
      x = Operand.of(library, "image", image, description.src_desc());
      w = Operand.of(library, "weights", weights, description.weights_desc());
      y = Operand.of(library, "result", result, description.dst_desc());
      Operation.Builder arguments =
          new Operation.Builder(library, description)
              .argument(dnnl.DNNL_ARG_SRC, x)
              .argument(dnnl.DNNL_ARG_WEIGHTS, w)
              .argument(dnnl.DNNL_ARG_DST, y);
      if (withBias) {
        memory.desc values = library.describe(memory.format_tag.x, shape.out());
        bias = Operand.of(library, "bias", values, values);
        arguments.argument(dnnl.DNNL_ARG_BIAS, bias);
      } else {
        bias = null;
      }
      operation = arguments.build(new primitive(description));
    }

    void run(Tensor image, Tensor biases, Tensor result) {
      x.read(image.array());
      w.read(weight.array());
      if (bias != null) {
        bias.read(biases.array());
      }
      y.bind(result.array());
      operation.run();
      y.write();
    }
  }

  private final class Backward {
    final Operand x;
    final Operand dyOfInput;
    final Operand dyOfWeight;
    final Operand w;
    final Operand dx;
    final Operand dw;
    final Operation toInput;
    final Operation toWeight;

    Backward() {
      boolean winograd = suitsWinograd() && exists(forward(true, false));
      convolution_forward.primitive_desc hint = forward(winograd, false);
      convolution_backward_data.primitive_desc input = input(winograd, hint);
      boolean winogradWeight = winograd && shape.in() * shape.out() >= FEWEST_WEIGHTS_PER_TAP;
      convolution_backward_weights.primitive_desc weightGradient = weight(winogradWeight, hint);

      w = Operand.of(library, "weights", weights, input.weights_desc());
      dyOfInput = Operand.of(library, "result", result, input.diff_dst_desc());
      dx = Operand.of(library, "image", image, input.diff_src_desc());
      toInput =
          new Operation.Builder(library, input)
              .argument(dnnl.DNNL_ARG_DIFF_DST, dyOfInput)
              .argument(dnnl.DNNL_ARG_WEIGHTS, w)
              .argument(dnnl.DNNL_ARG_DIFF_SRC, dx)
              .build(new primitive(input));

      x = Operand.of(library, "image", image, weightGradient.src_desc());
      dyOfWeight =
          dyOfInput.has(weightGradient.diff_dst_desc())
              ? dyOfInput
              : Operand.of(library, "result", result, weightGradient.diff_dst_desc());
      dw = Operand.of(library, "weights", weights, weightGradient.diff_weights_desc());
      toWeight =
          new Operation.Builder(library, weightGradient)
              .argument(dnnl.DNNL_ARG_SRC, x)
              .argument(dnnl.DNNL_ARG_DIFF_DST, dyOfWeight)
              .argument(dnnl.DNNL_ARG_DIFF_WEIGHTS, dw)
              .build(new primitive(weightGradient));
    }

    private convolution_backward_data.primitive_desc input(
        boolean winograd, convolution_forward.primitive_desc hint) {
      convolution_backward_data.desc description =
          new convolution_backward_data.desc(
              algorithm(winograd),
              image(order(winograd)),
              weights(memory.format_tag.any),
              result(order(winograd)),
              stride,
              ONE,
              ONE);
      return new convolution_backward_data.primitive_desc(
          description, library.attributes(), library.engine(), hint);
    }

    private convolution_backward_weights.primitive_desc weight(
        boolean winograd, convolution_forward.primitive_desc hint) {
      convolution_backward_weights.desc description =
          new convolution_backward_weights.desc(
              algorithm(winograd),
              image(order(winograd)),
              weights(memory.format_tag.any),
              result(order(winograd)),
              stride,
              ONE,
              ONE);
      return new convolution_backward_weights.primitive_desc(
          description, library.attributes(), library.engine(), hint);
    }

    void run(Tensor image, Tensor dResult, Tensor dImage) {
      dyOfInput.read(dResult.array());
      w.read(weight.array());
      dx.bind(dImage.array());
      toInput.run();
      dx.write();

      x.read(image.array());
      if (dyOfWeight != dyOfInput) {
        dyOfWeight.read(dResult.array());
      }
      dw.bind(gradient.array());
      toWeight.run();
      dw.write();
    }
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    if (bias == null) {
      plain = plain == null ? new Forward(false) : plain;
      plain.run(x, null, y);
    } else {
      biased = biased == null ? new Forward(true) : biased;
      biased.run(x, bias, y);
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    backward = backward == null ? new Backward() : backward;
    backward.run(x, dy, dx);
  }
}
