package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import java.util.function.IntConsumer;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;

/**
 * The convolution of consecutive images of a batch, a few at a time. Weights are read once for all
 * of them, or once and for all where they are constant.
 */
final class ConvolutionPart {
  /** Rows and columns that are padded below and right. */
  private static final long[] AFTER = {1, 1};

  private final OneDnn library;
  private final ConvolutionShape shape;
  private final int kernel;
  private final int first;
  private final int end;
  private final dnnl.algorithm method;
  private final long[] stride;
  private final long[] before;
  private final CpuTensor weight;
  private final CpuTensor gradient;
  private final memory.desc image;
  private final memory.desc result;
  private final memory.desc weights;
  private final memory.desc workedImage;
  private final memory.desc workedResult;
  private final memory.desc factorImage;
  private final memory.desc factorResult;
  private final memory.desc factorWeights;
  private Forward plain;
  private Forward biased;
  private Backward backward;

  /**
   * A part of a convolution.
   *
   * @param shape the sizes, with the number of images at a time
   * @param kernel height and width of the kernel, padded by 1 below and right
   * @param first number of images before this part, which adds to their weight gradient
   * @param times how often as many images follow
   * @param x layout of the input and of its gradient
   * @param y layout of the result and of its gradient
   * @param weight (kernel, kernel, in, out)
   */
  ConvolutionPart(
      OneDnn library,
      ConvolutionShape shape,
      int kernel,
      int first,
      int times,
      Layout x,
      Layout y,
      Weight weight) {
    this.library = library;
    this.shape = shape;
    this.kernel = kernel;
    this.first = first;
    this.end = first + times * shape.batch();
    Layout worked =
        kernel == ConvolutionShape.KERNEL ? OneDnnConvolution.layout(library, shape) : Layout.ROWS;
    this.method =
        worked == Layout.BLOCKS
            ? dnnl.algorithm.convolution_winograd
            : dnnl.algorithm.convolution_direct;
    this.stride = new long[] {shape.stride(), shape.stride()};
    this.before = new long[] {shape.before(), shape.before()};
    this.weight = (CpuTensor) weight.values();
    this.gradient = (CpuTensor) weight.gradient();
    memory.data_type factor = library.factorType();
    this.image = image(memory.data_type.f32, order(x));
    this.result = result(memory.data_type.f32, order(y));
    this.weights = weights(memory.data_type.f32, memory.format_tag.hwio);
    this.workedImage = image(memory.data_type.f32, order(worked));
    this.workedResult = result(memory.data_type.f32, order(worked));
    this.factorImage = image(factor, order(worked));
    this.factorResult = result(factor, order(worked));
    this.factorWeights = weights(factor, memory.format_tag.any);
  }

  private Operand image(memory.desc layout) {
    return Operand.of(library, "image", image, layout);
  }

  private Operand result(memory.desc layout) {
    return Operand.of(library, "result", result, layout);
  }

  private Operand weights(memory.desc layout) {
    return library.hasConstantWeights()
        ? library.kept(weight, weights, layout)
        : Operand.of(library, "weights", weights, layout);
  }

  /** Values of the input before an image. */
  private long inputBefore(int number) {
    return (long) number * shape.height() * shape.width() * shape.in();
  }

  /** Values of the result before an image. */
  private long resultBefore(int number) {
    return (long) number * shape.outHeight() * shape.outWidth() * shape.out();
  }

  private memory.desc image(memory.data_type type, memory.format_tag order) {
    return OneDnn.descriptor(type, order, shape.batch(), shape.in(), shape.height(), shape.width());
  }

  private memory.desc result(memory.data_type type, memory.format_tag order) {
    return OneDnn.descriptor(
        type, order, shape.batch(), shape.out(), shape.outHeight(), shape.outWidth());
  }

  private memory.desc weights(memory.data_type type, memory.format_tag order) {
    return OneDnn.descriptor(type, order, shape.out(), shape.in(), kernel, kernel);
  }

  private static memory.format_tag order(Layout layout) {
    return layout == Layout.BLOCKS ? memory.format_tag.nChw16c : memory.format_tag.nhwc;
  }

  private convolution_forward.primitive_desc forward(boolean withBias) {
    dnnl.prop_kind kind =
        library.hasConstantWeights()
            ? dnnl.prop_kind.forward_inference
            : dnnl.prop_kind.forward_training;
    convolution_forward.desc description =
        withBias
            ? new convolution_forward.desc(
                kind,
                method,
                factorImage,
                factorWeights,
                biases(),
                workedResult,
                stride,
                before,
                AFTER)
            : new convolution_forward.desc(
                kind, method, factorImage, factorWeights, workedResult, stride, before, AFTER);
    return new convolution_forward.primitive_desc(
        description, library.attributes(), library.engine(), false);
  }

  private memory.desc biases() {
    return OneDnn.descriptor(memory.data_type.f32, memory.format_tag.x, shape.out());
  }

  private final class Forward {
    final Operand x;
    final Operand w;
    final Operand bias;
    final Operand y;
    final Operation operation;

    Forward(boolean withBias) {
      convolution_forward.primitive_desc description = forward(withBias);
      x = image(description.src_desc());
      w = weights(description.weights_desc());
      y = result(description.dst_desc());
      Operation.Builder arguments =
          new Operation.Builder(library, description)
              .argument(dnnl.DNNL_ARG_SRC, x)
              .argument(dnnl.DNNL_ARG_WEIGHTS, w)
              .argument(dnnl.DNNL_ARG_DST, y);
      if (withBias) {
        bias = Operand.of(library, "bias", biases(), biases());
        arguments.argument(dnnl.DNNL_ARG_BIAS, bias);
      } else {
        bias = null;
      }
      operation = arguments.build(new primitive(description));
    }

    void run(CpuTensor image, CpuTensor biases, CpuTensor result) {
      w.read(weight);
      if (bias != null) {
        bias.read(biases);
      }
      for (int number = first; number < end; number += shape.batch()) {
        x.read(image, inputBefore(number));
        y.bind(result, resultBefore(number));
        operation.run();
        y.write();
      }
    }
  }

  private final class Backward {
    final Operand x;
    final Operand dy;
    final Operand w;
    final Operand dx;
    final Operand dw;
    final Operation toInput;
    final Operation toWeight;

    Backward() {
      convolution_forward.primitive_desc hint = forward(false);
      convolution_backward_data.primitive_desc input = input(hint);
      convolution_backward_weights.primitive_desc weightGradient = weight(hint);

      w = weights(input.weights_desc());
      dy = result(input.diff_dst_desc());
      dx = image(input.diff_src_desc());
      toInput =
          new Operation.Builder(library, input)
              .argument(dnnl.DNNL_ARG_DIFF_DST, dy)
              .argument(dnnl.DNNL_ARG_WEIGHTS, w)
              .argument(dnnl.DNNL_ARG_DIFF_SRC, dx)
              .build(new primitive(input));

      x = image(weightGradient.src_desc());
      dw = Operand.of(library, "weight gradient", weights, weightGradient.diff_weights_desc());
      toWeight =
          new Operation.Builder(library, weightGradient)
              .argument(dnnl.DNNL_ARG_SRC, x)
              .argument(dnnl.DNNL_ARG_DIFF_DST, dy)
              .argument(dnnl.DNNL_ARG_DIFF_WEIGHTS, dw)
              .build(new primitive(weightGradient));
    }

    private convolution_backward_data.primitive_desc input(
        convolution_forward.primitive_desc hint) {
      convolution_backward_data.desc description =
          new convolution_backward_data.desc(
              method, workedImage, factorWeights, factorResult, stride, before, AFTER);
      return new convolution_backward_data.primitive_desc(
          description, library.attributes(), library.engine(), hint);
    }

    private convolution_backward_weights.primitive_desc weight(
        convolution_forward.primitive_desc hint) {
      convolution_backward_weights.desc description =
          new convolution_backward_weights.desc(
              method, factorImage, factorWeights, factorResult, stride, before, AFTER);
      return new convolution_backward_weights.primitive_desc(
          description, library.attributes(), library.engine(), hint);
    }

    void input(CpuTensor dImage, int number) {
      dx.bind(dImage, inputBefore(number));
      toInput.run();
      dx.write();
    }

    void weight(CpuTensor image, int number) {
      x.read(image, inputBefore(number));
      dw.bind(gradient);
      toWeight.run();
      if (number == 0) {
        dw.write();
      } else {
        dw.add();
      }
    }
  }

  void forward(CpuTensor x, CpuTensor bias, CpuTensor y) {
    if (bias == null) {
      plain = plain == null ? new Forward(false) : plain;
      plain.run(x, null, y);
    } else {
      biased = biased == null ? new Forward(true) : biased;
      biased.run(x, bias, y);
    }
  }

  /** Overwrites {@code dx} and overwrites or adds to the weight's gradient. */
  void backward(CpuTensor x, CpuTensor dy, CpuTensor dx) {
    Backward steps = backward();
    steps.w.read(weight);
    forAll(
        dy,
        number -> {
          steps.input(dx, number);
          steps.weight(x, number);
        });
  }

  /** Only the first half of {@link #backward}; no gradient is needed. */
  void inputGradient(CpuTensor dy, CpuTensor dx) {
    Backward steps = backward();
    steps.w.read(weight);
    forAll(dy, number -> steps.input(dx, number));
  }

  /** Only the second half. */
  void weightGradient(CpuTensor x, CpuTensor dy) {
    Backward steps = backward();
    forAll(dy, number -> steps.weight(x, number));
  }

  /** Runs a step for the first of every so many images, with the result's gradient in place. */
  private void forAll(CpuTensor dy, IntConsumer step) {
    for (int number = first; number < end; number += shape.batch()) {
      backward.dy.read(dy, resultBefore(number));
      step.accept(number);
    }
  }

  private Backward backward() {
    backward = backward == null ? new Backward() : backward;
    return backward;
  }
}
