package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import java.util.List;

/**
 * Two normalised convolutions with the time embedding added in between, beside the identity or a
 * 1×1 convolution.
 *
 * <p>The bias of the first convolution and that of the time projection are added together with the
 * projection inside the second normalisation; the biases of the second convolution and of the
 * shortcut are added as one.
 */
public final class ResidualBlock implements Block {

  /** Winograd's algorithm makes 6×6 factors of the 3×3 weights of a kernel. */
  private static final long WINOGRAD_PRODUCTS = 36;

  /**
   * A residual block. Inputs: the image, the skipped image if there is one, swish of the time
   * embedding (batch, {@code timeChannels}), and the dropout key of each image (batch), 64 bits.
   *
   * @param current channels of the image
   * @param skip channels of the skipped image, which follow those of the image; 0 if there is none
   * @param out channels of the result
   * @param timeChannels width of the time embedding
   * @param groups groups of both normalisations
   * @param epsilon added to the variance
   * @param dropout probability of zeroing an activation in training
   * @param layer number of this block, which gives it a dropout mask of its own
   * @param modulates whether the time embedding scales and shifts the result of the second
   *     normalisation, instead of being added before it
   * @param divisor what the result is divided by
   */
  public record Spec(
      int current,
      int skip,
      int out,
      int timeChannels,
      int groups,
      double epsilon,
      double dropout,
      int layer,
      boolean modulates,
      double divisor)
      implements BlockSpec {

    /** With the time embedding added, and the result as it is. */
    public Spec(
        int current,
        int skip,
        int out,
        int timeChannels,
        int groups,
        double epsilon,
        double dropout,
        int layer) {
      this(current, skip, out, timeChannels, groups, epsilon, dropout, layer, false, 1);
    }

    /** Values per image that are made of the time embedding. */
    int timeValues() {
      return modulates ? 2 * out : out;
    }

    /** Channels of image and skipped image together. */
    int in() {
      return current + skip;
    }

    /** Whether the residual path needs a 1×1 convolution. */
    boolean projects() {
      return in() != out;
    }

    @Override
    public int inputs() {
      return skip == 0 ? 3 : 4;
    }

    @Override
    public List<Parameter> parameters() {
      return Parameter.join(
          Parameter.norm("norm1", in()),
          Parameter.convolution("conv1.", in(), out, 3),
          Parameter.norm("norm2", out),
          Parameter.convolution("conv2.", out, out, 3),
          projects() ? Parameter.convolution("shortcut.", in(), out, 1) : List.of(),
          Parameter.linear("time_emb", timeChannels, timeValues()));
    }

    @Override
    public long flops(long positions) {
      return 2L * 9 * (in() + out) * out * positions
          + (projects() ? 2L * in() * out * positions : 0)
          + 2L * timeChannels * timeValues();
    }

    /** The joined input if there is a skip, two activated images, the hidden one, y, and dx. */
    @Override
    public void count(MemoryCount count, long inputPositions) {
      long before = inputPositions * in();
      long after = inputPositions * out;
      count.training().own(before + after);
      if (skip > 0) {
        count.remember("both", before);
      }
      count.remember("first activated", before);
      count.remember("hidden", after);
      count.remember("second activated", after);
      count.inference().own(after);
      if (skip > 0) {
        count.inference().share("both", before);
      }
      count.inference().share("activated", before);
      count.inference().share("activated", after);
      count.inference().share("hidden", after);
      count.keep(WINOGRAD_PRODUCTS * (in() + out) * out);
      count.training().share("gradient", after);
      count.training().share("hidden gradient", after);
      count.training().share("gradient", before);
      count.training().share("both gradient", before);
      count.training().share("scaled gradient", divisor == 1 ? 0 : after);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new ResidualBlock(this, engine, parameters);
    }
  }

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Dropout dropout;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor image;
  private Tensor skip;
  private Tensor time;
  private Tensor keys;

  ResidualBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
    this.dropout = spec.dropout() > 0 ? new Dropout(spec.dropout(), spec.layer()) : null;
  }

  private final class Pass {
    final GroupNormOp norm1;
    final GroupNormOp norm2;
    final ModulatedNorm modulatedNorm;
    final ConvolutionOp conv1;
    final ConvolutionOp conv2;
    final MatrixProduct shortcut;
    final MatrixProduct timeProjection;
    final Tensor both;
    final Tensor activated1;
    final Tensor hidden;
    final Tensor timeBias;
    final Tensor modulation;
    final Tensor activated2;
    final Tensor bias;
    final Tensor y;
    final Scaling scaling;
    final Backward backward;

    Pass(int batch, boolean training) {
      int height = image.size(1);
      int width = image.size(2);
      ConvolutionShape first = new ConvolutionShape(batch, height, width, spec.in(), spec.out(), 1);
      ConvolutionShape second =
          new ConvolutionShape(batch, height, width, spec.out(), spec.out(), 1);
      Dropout mask = training ? dropout : null;
      norm1 = norm("norm1", first, null);
      norm2 = spec.modulates() ? null : norm("norm2", second, mask);
      modulatedNorm = spec.modulates() ? modulatedNorm("norm2", second, mask) : null;
      conv1 = engine.convolution(first, parameters.weight("conv1.weight"));
      conv2 = engine.convolution(second, parameters.weight("conv2.weight"));
      ProductShape throughShortcut = ProductShape.of(batch * height * width, spec.in(), spec.out());
      ProductShape fromTime = ProductShape.of(batch, spec.timeChannels(), spec.timeValues());
      shortcut = engine.product(throughShortcut.accumulating());
      timeProjection = engine.product(fromTime.accumulating());
      both = spec.skip() == 0 ? null : buffer(training, "both", first.input());
      activated1 = buffer(training, activated(training, "first"), first.input());
      hidden = buffer(training, "hidden", second.input());
      activated2 = buffer(training, activated(training, "second"), second.input());
      timeBias = engine.allocate(batch, spec.out());
      modulation = spec.modulates() ? engine.allocate(batch, spec.timeValues()) : timeBias;
      bias = engine.allocate(spec.out());
      y = engine.allocate(second.output());
      scaling = new Scaling(engine, spec.divisor(), batch);
      backward = training ? new Backward(first, second, throughShortcut, fromTime) : null;
    }

    private GroupNormOp norm(String name, ConvolutionShape next, Dropout mask) {
      return engine.groupNorm(
          sizes(next),
          parameters.weight(name + ".weight"),
          parameters.weight(name + ".bias"),
          mask);
    }

    private ModulatedNorm modulatedNorm(String name, ConvolutionShape next, Dropout mask) {
      return new ModulatedNorm(
          engine,
          sizes(next),
          parameters.weight(name + ".weight"),
          parameters.weight(name + ".bias"),
          mask);
    }

    private GroupNorm sizes(ConvolutionShape next) {
      int positions = next.height() * next.width();
      return new GroupNorm(next.batch(), positions, next.in(), spec.groups(), spec.epsilon(), true);
    }

    /** In inference nobody needs the first any more when there is the second. */
    private String activated(boolean training, String which) {
      return training ? which + " activated" : "activated";
    }

    /** What the backward pass reads is kept for it; in inference blocks share it. */
    private Tensor buffer(boolean training, String role, long[] shape) {
      return training ? engine.kept(role, shape) : engine.scratch(role, shape);
    }
  }

  /** What only the backward pass needs. */
  private final class Backward {
    final Tensor dActivated2;
    final Tensor dHidden;
    final Tensor dActivated1;
    final Tensor dTimeBias;
    final Tensor dModulation;
    final Tensor dBoth;
    final Tensor dTime;
    final Tensor dImage;
    final Tensor dSkip;
    final Tensor[] gradients;
    final MatrixProduct toShortcut;
    final MatrixProduct backThroughShortcut;
    final MatrixProduct toTimeProjection;
    final MatrixProduct toTime;

    Backward(
        ConvolutionShape first,
        ConvolutionShape second,
        ProductShape throughShortcut,
        ProductShape fromTime) {
      int batch = first.batch();
      toShortcut = engine.product(throughShortcut.secondGradient());
      backThroughShortcut = engine.product(throughShortcut.firstGradient().accumulating());
      toTimeProjection = engine.product(fromTime.secondGradient());
      toTime = engine.product(fromTime.firstGradient());
      dActivated2 = engine.scratch("gradient", second.input());
      dHidden = engine.scratch("hidden gradient", second.input());
      dActivated1 = engine.scratch("gradient", first.input());
      dTimeBias = engine.scratch("time bias gradient", batch, spec.out());
      dModulation =
          spec.modulates()
              ? engine.scratch("modulation gradient", batch, spec.timeValues())
              : dTimeBias;
      dTime = engine.allocate(batch, spec.timeChannels());
      if (spec.skip() == 0) {
        dBoth = engine.allocate(first.input());
        dImage = dBoth;
        dSkip = null;
        gradients = new Tensor[] {dImage, dTime, null};
      } else {
        dBoth = engine.scratch("both gradient", first.input());
        dImage = engine.allocate(batch, first.height(), first.width(), spec.current());
        dSkip = engine.allocate(batch, first.height(), first.width(), spec.skip());
        gradients = new Tensor[] {dImage, dSkip, dTime, null};
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    int next = 0;
    image = inputs[next++];
    skip = spec.skip() == 0 ? null : inputs[next++];
    time = inputs[next++];
    keys = inputs[next];
    Pass pass = passes.of(image.size(0), training);
    activate(pass);
    return result(pass);
  }

  /** Computes what the backward pass reads. */
  private void activate(Pass pass) {
    Kernels kernels = engine.kernels();
    if (skip != null) {
      kernels.concatenate(image, skip, pass.both);
    }
    Tensor x = input(pass);
    pass.norm1.forward(x, null, null, pass.activated1);
    pass.conv1.forward(pass.activated1, null, pass.hidden);

    kernels.clear(pass.timeBias);
    kernels.clear(pass.modulation);
    kernels.addToRows(parameters.value("conv1.bias"), pass.timeBias);
    kernels.addToRows(parameters.value("time_emb.bias"), pass.modulation);
    pass.timeProjection.run(time, parameters.value("time_emb.weight"), pass.modulation);
    if (spec.modulates()) {
      pass.modulatedNorm.forward(
          pass.hidden, pass.timeBias, pass.modulation, keys, pass.activated2);
    } else {
      pass.norm2.forward(pass.hidden, pass.timeBias, keys, pass.activated2);
    }
  }

  private Tensor result(Pass pass) {
    Kernels kernels = engine.kernels();
    Tensor x = input(pass);
    if (spec.projects()) {
      kernels.copy(parameters.value("shortcut.bias"), pass.bias);
      kernels.add(parameters.value("conv2.bias"), pass.bias);
      pass.conv2.forward(pass.activated2, pass.bias, pass.y);
      pass.shortcut.run(x, parameters.value("shortcut.weight"), pass.y);
    } else {
      pass.conv2.forward(pass.activated2, parameters.value("conv2.bias"), pass.y);
      kernels.add(x, pass.y);
    }
    pass.scaling.apply(pass.y);
    return pass.y;
  }

  private Tensor input(Pass pass) {
    return skip == null ? image : pass.both;
  }

  @Override
  public Tensor[] backward(Tensor gradient) {
    Pass pass = passes.last();
    if (engine.recomputes()) {
      activate(pass);
    }
    Backward b = pass.backward;
    Kernels kernels = engine.kernels();
    Tensor x = input(pass);
    Tensor dy = pass.scaling.scaled(gradient);

    kernels.sumRows(dy, parameters.gradient("conv2.bias"));
    pass.conv2.backward(pass.activated2, dy, b.dActivated2);
    if (spec.modulates()) {
      pass.modulatedNorm.backward(
          pass.hidden, pass.timeBias, keys, b.dActivated2, b.dHidden, b.dTimeBias, b.dModulation);
    } else {
      pass.norm2.backward(
          pass.hidden, pass.timeBias, keys, b.dActivated2, null, b.dHidden, b.dTimeBias);
    }
    timeGradients(b);

    pass.conv1.backward(pass.activated1, b.dHidden, b.dActivated1);
    Tensor added = spec.projects() ? null : dy;
    pass.norm1.backward(x, null, null, b.dActivated1, added, b.dBoth, null);
    if (spec.projects()) {
      shortcutGradients(x, dy, b);
    }
    if (skip != null) {
      kernels.split(b.dBoth, b.dImage, b.dSkip);
    }
    return b.gradients;
  }

  private void timeGradients(Backward b) {
    engine.kernels().sumRows(b.dTimeBias, parameters.gradient("conv1.bias"));
    engine.kernels().sumRows(b.dModulation, parameters.gradient("time_emb.bias"));
    b.toTimeProjection.run(time, b.dModulation, parameters.gradient("time_emb.weight"));
    b.toTime.run(b.dModulation, parameters.value("time_emb.weight"), b.dTime);
  }

  private void shortcutGradients(Tensor x, Tensor dy, Backward b) {
    engine.kernels().copy(parameters.gradient("conv2.bias"), parameters.gradient("shortcut.bias"));
    b.toShortcut.run(x, dy, parameters.gradient("shortcut.weight"));
    b.backThroughShortcut.run(dy, parameters.value("shortcut.weight"), b.dBoth);
  }
}
