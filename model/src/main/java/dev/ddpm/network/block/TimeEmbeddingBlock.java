package dev.ddpm.network.block;

import dev.ddpm.backend.Tensor;

/** {@link BlockSpec.TimeEmbedding}. */
final class TimeEmbeddingBlock implements Block {
  private static final Tensor[] NO_GRADIENT = {null};

  private final BlockSpec.TimeEmbedding spec;
  private final BlockContext context;
  private final BlockParameters parameters;
  private final Sinusoid sinusoid;
  private final Passes<Pass> passes = new Passes<>(Pass::new);

  TimeEmbeddingBlock(
      BlockSpec.TimeEmbedding spec, BlockContext context, BlockParameters parameters) {
    this.spec = spec;
    this.context = context;
    this.parameters = parameters;
    this.sinusoid = new Sinusoid(spec.channels() / 4, context.type());
  }

  private final class Pass {
    final Linear first = new Linear(context, parameters, "lin1");
    final Linear second = new Linear(context, parameters, "lin2");
    final Tensor encoding;
    final Tensor hidden;
    final Tensor activated;
    final Tensor y;
    final Tensor dActivated;
    final Tensor dHidden;

    Pass(int batch, boolean training) {
      encoding = context.allocate(batch, spec.channels() / 4);
      hidden = context.allocate(batch, spec.channels());
      activated = context.allocate(batch, spec.channels());
      y = context.allocate(batch, spec.channels());
      dActivated = training ? context.allocate(batch, spec.channels()) : null;
      dHidden = training ? context.allocate(batch, spec.channels()) : null;
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    Tensor timesteps = inputs[0];
    Pass pass = passes.of(timesteps.size(0), training);
    sinusoid.encode(timesteps, pass.encoding);
    pass.first.forward(pass.encoding, pass.hidden);
    context.kernels().swish(pass.hidden, pass.activated);
    pass.second.forward(pass.activated, pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    pass.second.parameterGradients(pass.activated, dy);
    pass.second.inputGradient(dy, pass.dActivated);
    context.kernels().swishBackward(pass.hidden, pass.dActivated, pass.dHidden);
    pass.first.parameterGradients(pass.encoding, pass.dHidden);
    return NO_GRADIENT;
  }
}
