package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import java.util.Arrays;
import java.util.List;

/** Moves images from [0, 1] to [−1, 1]. */
public final class CenteringBlock extends MappingBlock {

  /**
   * 2x − 1.
   *
   * @param channels channels of the image
   */
  public record Spec(int channels) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return List.of();
    }

    @Override
    public long flops(long positions) {
      return 0;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      count.training().own(2 * inputPositions * channels);
      count.inference().own(inputPositions * channels);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new CenteringBlock(this, engine);
    }
  }

  private final Engine engine;
  private final Tensor minusOne;

  CenteringBlock(Spec spec, Engine engine) {
    super(engine);
    this.engine = engine;
    this.minusOne = engine.allocate(spec.channels());
    float[] values = new float[spec.channels()];
    Arrays.fill(values, -1);
    minusOne.upload(values, 0);
  }

  @Override
  void map(Tensor x, Tensor y) {
    twice(x, y);
    engine.kernels().addToRows(minusOne, y);
  }

  @Override
  void mapBackward(Tensor x, Tensor dy, Tensor dx) {
    twice(dy, dx);
  }

  private void twice(Tensor x, Tensor y) {
    Kernels kernels = engine.kernels();
    kernels.copy(x, y);
    kernels.add(x, y);
  }
}
