package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;

/** A block without parameters whose result has the shape of its one input. */
abstract class MappingBlock implements Block {
  private final Engine engine;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  MappingBlock(Engine engine) {
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

  /** Computes the result. */
  abstract void map(Tensor x, Tensor y);

  /** Computes the gradient of the input. */
  abstract void mapBackward(Tensor x, Tensor dy, Tensor dx);

  @Override
  public final Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    map(input, pass.y);
    return pass.y;
  }

  @Override
  public final Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    mapBackward(input, dy, pass.gradients[0]);
    return pass.gradients;
  }
}
