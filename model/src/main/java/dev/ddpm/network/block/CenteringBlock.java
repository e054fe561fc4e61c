package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import java.util.Arrays;
import java.util.List;

/** Moves images from [0, 1] to [−1, 1]. */
public final class CenteringBlock implements Block {

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
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  CenteringBlock(Spec spec, Engine engine) {
    this.engine = engine;
    this.minusOne = engine.allocate(spec.channels());
    float[] values = new float[spec.channels()];
    Arrays.fill(values, -1);
    minusOne.upload(values, 0);
  }

  private final class Pass {
    final Tensor y = engine.allocate(input.shape());
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      if (training) {
        gradients[0] = engine.allocate(input.shape());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    twice(input, pass.y);
    engine.kernels().addToRows(minusOne, pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    twice(dy, pass.gradients[0]);
    return pass.gradients;
  }

  private void twice(Tensor x, Tensor y) {
    Kernels kernels = engine.kernels();
    kernels.copy(x, y);
    kernels.add(x, y);
  }
}
