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

  ClassEmbeddingBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
  }

  private final class Pass {
    final float[] classes;
    final int[] rows;
    final Tensor y;
    final Tensor[] gradients = new Tensor[2];

    Pass(int batch, boolean training) {
      classes = new float[batch];
      rows = new int[batch];
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
    inputs[1].download(pass.classes, 0);
    for (int image = 0; image < pass.rows.length; image++) {
      pass.rows[image] = (int) pass.classes[image];
    }
    engine.kernels().gatherRows(parameters.value("weight"), pass.rows, pass.y);
    engine.kernels().add(time, pass.y);
    return pass.y;
  }

  /** Images of one class add up, which makes it a step per image. */
  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    Kernels kernels = engine.kernels();
    kernels.copy(dy, pass.gradients[0]);
    Tensor gradient = parameters.gradient("weight");
    kernels.clear(gradient);
    for (int image = 0; image < pass.rows.length; image++) {
      kernels.add(row(dy, image), row(gradient, pass.rows[image]));
    }
    return pass.gradients;
  }

  private Tensor row(Tensor matrix, int number) {
    return matrix.slice((long) number * spec.channels(), spec.channels());
  }
}
