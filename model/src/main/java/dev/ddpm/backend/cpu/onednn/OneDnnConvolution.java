package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;

/** A convolution by oneDNN's direct algorithm. Constant weights are read once and for all. */
public final class OneDnnConvolution implements ConvolutionOp {
  /** Rows and columns that are padded below and right. */
  private static final long[] AFTER = {1, 1};

  private final OneDnn library;
  private final ConvolutionShape shape;
  private final int kernel;
  private final long[] stride;
  private final long[] before;
  private final CpuTensor weight;
  private final CpuTensor gradient;
  private final memory.desc image;
  private final memory.desc result;
  private final memory.desc weights;
  private final memory.desc factorImage;
  private final memory.desc factorResult;
  private final memory.desc factorWeights;
  private Forward plain;
  private Forward biased;
  private Backward backward;

  /**
   * A 3×3 convolution of given sizes.
   *
   * @param weight (3, 3, in, out)
   */
  public OneDnnConvolution(OneDnn library, ConvolutionShape shape, Weight weight) {
    this(library, shape, ConvolutionShape.KERNEL, weight);
  }

  /**
   * A convolution of given sizes.
   *
   * @param kernel height and width of the kernel, padded by 1 below and right
   * @param weight (kernel, kernel, in, out)
   */
  OneDnnConvolution(OneDnn library, ConvolutionShape shape, int kernel, Weight weight) {
    this.library = library;
    this.shape = shape;
    this.kernel = kernel;
    this.stride = new long[] {shape.stride(), shape.stride()};
    this.before = new long[] {shape.before(), shape.before()};
    this.weight = (CpuTensor) weight.values();
    this.gradient = (CpuTensor) weight.gradient();
    memory.data_type factor = library.factorType();
    this.image = image(memory.data_type.f32);
    this.result = result(memory.data_type.f32);
    this.weights = weights(memory.data_type.f32, memory.format_tag.hwio);
    this.factorImage = image(factor);
    this.factorResult = result(factor);
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

  private memory.desc image(memory.data_type type) {
    return OneDnn.descriptor(
        type, memory.format_tag.nhwc, shape.batch(), shape.in(), shape.height(), shape.width());
  }

  private memory.desc result(memory.data_type type) {
    return OneDnn.descriptor(
        type,
        memory.format_tag.nhwc,
        shape.batch(),
        shape.out(),
        shape.outHeight(),
        shape.outWidth());
  }

  private memory.desc weights(memory.data_type type, memory.format_tag order) {
    return OneDnn.descriptor(type, order, shape.out(), shape.in(), kernel, kernel);
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
                dnnl.algorithm.convolution_direct,
                factorImage,
                factorWeights,
                biases(),
                result,
                stride,
                before,
                AFTER)
            : new convolution_forward.desc(
                kind,
                dnnl.algorithm.convolution_direct,
                factorImage,
                factorWeights,
                result,
                stride,
                before,
                AFTER);
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
      x.read(image);
      y.bind(result);
      operation.run();
      y.write();
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
              dnnl.algorithm.convolution_direct,
              image,
              factorWeights,
              factorResult,
              stride,
              before,
              AFTER);
      return new convolution_backward_data.primitive_desc(
          description, library.attributes(), library.engine(), hint);
    }

    private convolution_backward_weights.primitive_desc weight(
        convolution_forward.primitive_desc hint) {
      convolution_backward_weights.desc description =
          new convolution_backward_weights.desc(
              dnnl.algorithm.convolution_direct,
              factorImage,
              factorWeights,
              factorResult,
              stride,
              before,
              AFTER);
      return new convolution_backward_weights.primitive_desc(
          description, library.attributes(), library.engine(), hint);
    }

    void input(CpuTensor dImage) {
      dx.bind(dImage);
      toInput.run();
      dx.write();
    }

    void weight(CpuTensor image) {
      x.read(image);
      dw.bind(gradient);
      toWeight.run();
      dw.write();
    }
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    if (bias == null) {
      plain = plain == null ? new Forward(false) : plain;
      plain.run((CpuTensor) x, null, (CpuTensor) y);
    } else {
      biased = biased == null ? new Forward(true) : biased;
      biased.run((CpuTensor) x, (CpuTensor) bias, (CpuTensor) y);
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    inputGradient((CpuTensor) dy, (CpuTensor) dx);
    backward.weight((CpuTensor) x);
  }

  /** Only the first half of {@link #backward}; no gradient is needed. */
  void inputGradient(CpuTensor dy, CpuTensor dx) {
    Backward steps = backward();
    steps.w.read(weight);
    steps.dy.read(dy);
    steps.input(dx);
  }

  /** Only the second half. */
  void weightGradient(CpuTensor x, CpuTensor dy) {
    Backward steps = backward();
    steps.dy.read(dy);
    steps.weight(x);
  }

  private Backward backward() {
    backward = backward == null ? new Backward() : backward;
    return backward;
  }
}
