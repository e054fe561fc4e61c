package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** Adds to the vector of a timestep a learned vector of the image's class. */
public final class ClassEmbeddingBlock implements Block {

  /**
   * time + embedding[class]. Inputs: the time vector (batch, {@code channels}), and a class per
   * image, (batch, 1): whole numbers from 0.
   *
   * @param channels width of the vectors
   * @param classes number of classes
   */
  public record Spec(int channels, int classes) implements BlockSpec {
    @Override
    public int inputs() {
      return 2;
    }

    @Override
    public List<Parameter> parameters() {
      return List.of(Parameter.embedding("weight", classes, channels));
    }

    @Override
    public long flops(long positions) {
      return 0;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      // vectors only
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new ClassEmbeddingBlock(this, engine, parameters);
    }
  }

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor classes;

  ClassEmbeddingBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
  }

  private final class Pass {
    final Tensor y;
    final Tensor[] gradients = new Tensor[2];

    Pass(int batch, boolean training) {
      y = engine.allocate(batch, spec.channels());
      if (training) {
        gradients[0] = engine.allocate(batch, spec.channels());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    Tensor time = inputs[0];
    Pass pass = passes.of(time.size(0), training);
    classes = inputs[1];
    engine.kernels().gatherRows(parameters.value("weight"), classes, pass.y);
    engine.kernels().add(time, pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    Kernels kernels = engine.kernels();
    kernels.copy(dy, pass.gradients[0]);
    Tensor gradient = parameters.gradient("weight");
    kernels.clear(gradient);
    kernels.addToRows(dy, classes, gradient);
    return pass.gradients;
  }
}
