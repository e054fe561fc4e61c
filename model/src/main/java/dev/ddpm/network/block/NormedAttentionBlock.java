package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Self-attention over the positions of a normalised image, added to the image: Ho's and diffusers'.
 * All heads of all images are one stack of matrices.
 */
public final class NormedAttentionBlock implements Block {

  /**
   * (x + output(attention(query(n), key(n), value(n)))) / divisor, with n the group norm of x.
   *
   * @param channels channels, a multiple of {@code heads}
   * @param heads number of heads
   * @param groups groups of the normalisation; 0 for none, so that n is x
   * @param epsilon added to the variance
   * @param divisor what the sum is divided by
   */
  public record Spec(int channels, int heads, int groups, double epsilon, double divisor)
      implements BlockSpec {

    /** Channels of a head. */
    int width() {
      return channels / heads;
    }

    boolean normalises() {
      return groups > 0;
    }

    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          normalises() ? Parameter.norm("norm", channels) : List.of(),
          Parameter.linear(QUERY, channels, channels),
          Parameter.linear(KEY, channels, channels),
          Parameter.linear(VALUE, channels, channels),
          Parameter.linear("output", channels, channels));
    }

    @Override
    public long flops(long positions) {
      return 2L * 4 * channels * channels * positions + 2L * 2 * channels * positions * positions;
    }

    /** The normalised image, q, k and v, once more by heads, the pairs, the mixed values, y, dx. */
    @Override
    public void count(MemoryCount count, long inputPositions) {
      long image = inputPositions * channels;
      long pairs = heads * inputPositions * inputPositions;
      long byHeads = heads > 1 ? 4 * image : 0;
      count.training().own(2 * image);
      count.remember("normalised", normalises() ? image : 0);
      for (String role : List.of(QUERY, KEY, VALUE, MIXED)) {
        count.remember(role, image);
        count.remember(role + " by head", byHeads / 4);
      }
      count.remember("attention", pairs);
      count.training().share("query, key, value and mixed gradient", 4 * image + byHeads);
      count.training().share("normalised gradient", image);
      count.training().share("scaled gradient", divisor == 1 ? 0 : image);
      count.training().share("attention gradient", pairs);
      count.inference().own(image);
      count.inference().share("normalised", image);
      count.inference().share("query, key, value and mixed", 4 * image + byHeads);
      count.inference().share("attention", pairs);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new NormedAttentionBlock(this, engine, parameters);
    }
  }

  private static final String QUERY = "query";
  private static final String KEY = "key";
  private static final String VALUE = "value";
  private static final String MIXED = "mixed";

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  NormedAttentionBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
  }

  /** What is computed per position, and its gradient: as the rows of images, and by heads. */
  private final class Rows {
    final Tensor values;
    final Tensor byHead;
    final Tensor gradient;
    final Tensor gradientByHead;

    Rows(String role, int batch, int positions, boolean training) {
      long rows = (long) batch * positions;
      values = buffer(training, role, rows, spec.channels());
      byHead = byHead(training, values, role + " by head", batch, positions);
      gradient = training ? engine.scratch(role + " gradient", rows, spec.channels()) : null;
      gradientByHead =
          training ? byHead(false, gradient, role + " gradient by head", batch, positions) : null;
    }

    /** The same memory where there is one head. */
    private Tensor byHead(boolean kept, Tensor rows, String role, int batch, int positions) {
      long stack = (long) batch * spec.heads();
      if (spec.heads() == 1) {
        return rows.reshape(stack, positions, spec.width());
      }
      return buffer(kept, role, stack, positions, spec.width());
    }
  }

  /** What the backward pass reads is kept for it; all else blocks share. */
  private Tensor buffer(boolean kept, String role, long... shape) {
    return kept ? engine.kept(role, shape) : engine.scratch(role, shape);
  }

  private final class Pass {
    final Heads heads;
    final GroupNormOp norm;
    final Tensor normalised;
    final List<Linear> projections = new ArrayList<>();
    final List<Rows> projected = new ArrayList<>();
    final Rows mixed;
    final PairwiseAttention pairs;
    final Linear output;
    final Scaling scaling;
    final Tensor y;
    final Tensor dNormalised;
    final Tensor dPart;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      int positions = input.size(1) * input.size(2);
      int rows = batch * positions;
      heads = new Heads(engine.kernels(), batch, positions, spec.heads());
      norm =
          spec.normalises()
              ? engine.groupNorm(
                  new GroupNorm(
                      batch, positions, spec.channels(), spec.groups(), spec.epsilon(), false),
                  parameters.weight("norm.weight"),
                  parameters.weight("norm.bias"),
                  null)
              : null;
      normalised = norm == null ? null : buffer(training, "normalised", input.shape());
      for (String role : List.of(QUERY, KEY, VALUE)) {
        projections.add(new Linear(engine, parameters, role, rows));
        projected.add(new Rows(role, batch, positions, training));
      }
      mixed = new Rows(MIXED, batch, positions, training);
      pairs =
          new PairwiseAttention(engine, batch * spec.heads(), positions, spec.width(), training);
      output = new Linear(engine, parameters, "output", rows);
      scaling = new Scaling(engine, spec.divisor(), batch);
      y = engine.allocate(input.shape());
      dNormalised = training ? engine.scratch("normalised gradient", input.shape()) : null;
      dPart = training ? engine.scratch("part of a gradient", input.shape()) : null;
      if (training) {
        gradients[0] = engine.allocate(input.shape());
      }
    }

    Tensor source() {
      return norm == null ? input : normalised;
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    attend(pass);
    pass.output.forward(pass.mixed.values, pass.y);
    engine.kernels().add(input, pass.y);
    pass.scaling.apply(pass.y);
    return pass.y;
  }

  /** Computes what the backward pass reads. */
  private void attend(Pass pass) {
    if (pass.norm != null) {
      pass.norm.forward(input, null, null, pass.normalised);
    }
    for (int i = 0; i < pass.projected.size(); i++) {
      Rows rows = pass.projected.get(i);
      pass.projections.get(i).forward(pass.source(), rows.values);
      pass.heads.split(rows.values, rows.byHead);
    }
    pass.pairs.forward(
        pass.projected.get(0).byHead,
        pass.projected.get(1).byHead,
        pass.projected.get(2).byHead,
        pass.mixed.byHead);
    pass.heads.join(pass.mixed.byHead, pass.mixed.values);
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    if (engine.recomputes()) {
      attend(pass);
    }
    Kernels kernels = engine.kernels();
    Tensor dSum = pass.scaling.scaled(dy);
    pass.output.parameterGradients(pass.mixed.values, dSum);
    pass.output.inputGradient(dSum, pass.mixed.gradient);
    pass.heads.split(pass.mixed.gradient, pass.mixed.gradientByHead);
    Rows query = pass.projected.get(0);
    Rows key = pass.projected.get(1);
    Rows value = pass.projected.get(2);
    pass.pairs.backward(
        query.byHead,
        key.byHead,
        value.byHead,
        pass.mixed.gradientByHead,
        query.gradientByHead,
        key.gradientByHead,
        value.gradientByHead);
    kernels.clear(pass.dNormalised);
    for (int i = 0; i < pass.projected.size(); i++) {
      Rows rows = pass.projected.get(i);
      Linear projection = pass.projections.get(i);
      pass.heads.join(rows.gradientByHead, rows.gradient);
      projection.parameterGradients(pass.source(), rows.gradient);
      projection.inputGradient(rows.gradient, pass.dPart);
      kernels.add(pass.dPart, pass.dNormalised);
    }
    Tensor dx = pass.gradients[0];
    if (pass.norm == null) {
      kernels.copy(pass.dNormalised, dx);
      kernels.add(dSum, dx);
    } else {
      pass.norm.backward(input, null, null, pass.dNormalised, dSum, dx, null);
    }
    return pass.gradients;
  }
}
