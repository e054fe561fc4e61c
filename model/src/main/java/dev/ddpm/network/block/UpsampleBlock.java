package dev.ddpm.network.block;

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
      return Parameter.transposedConvolution("", in, out, Doubling.KERNEL);
    }

    @Override
    public long flops(long positions) {
      return Doubling.flops(in, out, positions);
    }

    @Override
    public long outputPositions(long inputPositions) {
      return Doubling.outputPositions(inputPositions);
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      Doubling.count(count, inputPositions, in, out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new UpsampleBlock(this, engine, parameters);
    }
  }

  private final Doubling doubling;

  UpsampleBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.doubling =
        new Doubling(engine, parameters.weight("weight"), parameters.weight("bias"), spec.out());
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    return doubling.forward(inputs[0], training);
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    return doubling.backward(dy);
  }
}
