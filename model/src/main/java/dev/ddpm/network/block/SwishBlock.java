package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** Swish alone, which a network applies to its time embedding. */
public final class SwishBlock extends MappingBlock {

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

  SwishBlock(Engine engine) {
    super(engine);
    this.engine = engine;
  }

  @Override
  void map(Tensor x, Tensor y) {
    engine.kernels().swish(x, y);
  }

  @Override
  void mapBackward(Tensor x, Tensor dy, Tensor dx) {
    engine.kernels().swishBackward(x, dy, dx);
  }
}
