package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Sinusoids;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** Makes vectors of timesteps: sinusoids and two linear layers. */
public final class TimeEmbeddingBlock implements Block {

  /**
   * lin2(swish(lin1(e))) of the encoding e of a timestep; the input is (batch, 1): one timestep per
   * image.
   *
   * @param channels width of the result; the encoding has a quarter of it
   * @param encoding the sines and cosines of a timestep
   */
  public record Spec(int channels, TimeEncoding encoding) implements BlockSpec {

    /** With {@link TimeEncoding#SINES_FIRST}. */
    public Spec(int channels) {
      this(channels, TimeEncoding.SINES_FIRST);
    }

    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.linear("lin1", channels / 4, channels),
          Parameter.linear("lin2", channels, channels));
    }

    @Override
    public long flops(long positions) {
      return 2L * channels * (channels / 4 + channels);
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      // vectors only
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new TimeEmbeddingBlock(this, engine, parameters);
    }
  }

  private static final Tensor[] NO_GRADIENT = {null};

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Sinusoids sinusoids;
  private final Passes<Pass> passes = new Passes<>(Pass::new);

  TimeEmbeddingBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
    this.sinusoids =
        new Sinusoids(
            spec.channels() / 4,
            spec.encoding().frequencyShift(),
            spec.encoding().cosinesFirst(),
            engine.precision());
  }

  private final class Pass {
    final Linear first;
    final Linear second;
    final Tensor encoding;
    final Tensor hidden;
    final Tensor activated;
    final Tensor y;
    final Tensor dActivated;
    final Tensor dHidden;

    Pass(int batch, boolean training) {
      first = new Linear(engine, parameters, "lin1", batch);
      second = new Linear(engine, parameters, "lin2", batch);
      encoding = engine.allocate(batch, spec.channels() / 4);
      hidden = engine.allocate(batch, spec.channels());
      activated = engine.allocate(batch, spec.channels());
      y = engine.allocate(batch, spec.channels());
      dActivated = training ? engine.allocate(batch, spec.channels()) : null;
      dHidden = training ? engine.allocate(batch, spec.channels()) : null;
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    Tensor timesteps = inputs[0];
    Pass pass = passes.of(timesteps.size(0), training);
    engine.kernels().encode(sinusoids, timesteps, pass.encoding);
    pass.first.forward(pass.encoding, pass.hidden);
    engine.kernels().swish(pass.hidden, pass.activated);
    pass.second.forward(pass.activated, pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    pass.second.parameterGradients(pass.activated, dy);
    pass.second.inputGradient(dy, pass.dActivated);
    engine.kernels().swishBackward(pass.hidden, pass.dActivated, pass.dHidden);
    pass.first.parameterGradients(pass.encoding, pass.dHidden);
    return NO_GRADIENT;
  }
}
