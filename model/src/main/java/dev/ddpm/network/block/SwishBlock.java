package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** Swish alone, which a network applies to its time embedding. */
public final class SwishBlock implements Block {

  /** x · σ(x) of an input of any shape. */
  public record Spec() implements BlockSpec {
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
      // used for the time embedding, a vector
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new SwishBlock(engine);
    }
  }

  private final Engine engine;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  SwishBlock(Engine engine) {
    this.engine = engine;
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
    engine.kernels().swish(input, pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    engine.kernels().swishBackward(input, dy, pass.gradients[0]);
    return pass.gradients;
  }
}
