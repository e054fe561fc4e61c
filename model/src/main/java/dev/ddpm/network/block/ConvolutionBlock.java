package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** A convolution alone, as the first of a network and between its levels. */
public final class ConvolutionBlock implements Block {

  /**
   * A 3×3 convolution that pads images by one pixel; with stride 2 it halves them.
   *
   * @param in channels of the input
   * @param out channels of the output
   * @param stride 1 or 2
   * @param padsEndOnly whether only the bottom and the right are padded; with stride 2 and images
   *     of even sizes
   */
  public record Spec(int in, int out, int stride, boolean padsEndOnly) implements BlockSpec {

    /** With padding on all sides. */
    public Spec(int in, int out, int stride) {
      this(in, out, stride, false);
    }

    @Override
    public List<Parameter> parameters() {
      return Parameter.convolution("", in, out, 3);
    }

    @Override
    public long flops(long positions) {
      return 2L * 9 * in * out * positions;
    }

    @Override
    public long outputPositions(long inputPositions) {
      return inputPositions / ((long) stride * stride);
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      long result = outputPositions(inputPositions) * out;
      count.training().own(result + inputPositions * in);
      count.inference().own(result);
      count.keep(9L * in * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new ConvolutionBlock(this, engine, parameters);
    }
  }

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  ConvolutionBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
  }

  private final class Pass {
    final ConvolutionOp convolution;
    final Tensor y;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      ConvolutionShape shape =
          new ConvolutionShape(
              batch,
              input.size(1),
              input.size(2),
              spec.in(),
              spec.out(),
              spec.stride(),
              spec.padsEndOnly() ? 0 : 1);
      convolution = engine.convolution(shape, parameters.weight("weight"));
      y = engine.allocate(shape.output());
      if (training) {
        gradients[0] = engine.allocate(shape.input());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    pass.convolution.forward(input, parameters.value("bias"), pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    pass.convolution.backward(input, dy, pass.gradients[0]);
    engine.kernels().sumRows(dy, parameters.gradient("bias"));
    return pass.gradients;
  }
}
