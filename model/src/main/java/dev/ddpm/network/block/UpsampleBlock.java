package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** A transposed 4×4 convolution of stride 2. */
public final class UpsampleBlock implements Block {

  /**
   * A transposed 4×4 convolution of stride 2 and padding 1, which doubles the image.
   *
   * @param in channels of the input
   * @param out channels of the output
   */
  public record Spec(int in, int out) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.transposedConvolution("", in, out, 4);
    }

    @Override
    public long flops(long positions) {
      return 2L * 4 * in * out * positions;
    }

    @Override
    public long outputPositions(long inputPositions) {
      return 4 * inputPositions;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      long result = outputPositions(inputPositions) * out;
      count.training().own(result + inputPositions * in);
      count.inference().own(result);
      count.keep(16L * in * out);
      count.training().share("windows", 16 * inputPositions * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new UpsampleBlock(this, engine, parameters);
    }
  }

  private static final int KERNEL = 4;
  private static final int STRIDE = 2;

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  UpsampleBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
  }

  private final class Pass {
    final ConvolutionOp convolution;
    final Tensor y;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      var downwards =
          new ConvolutionShape(
              batch, STRIDE * input.size(1), STRIDE * input.size(2), spec.out(), spec.in(), STRIDE);
      convolution = engine.transposedConvolution(downwards, KERNEL, parameters.weight("weight"));
      y = engine.allocate(downwards.input());
      if (training) {
        gradients[0] = engine.allocate(input.shape());
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
