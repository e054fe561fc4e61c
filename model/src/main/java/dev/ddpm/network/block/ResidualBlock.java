package dev.ddpm.network.block;

import dev.ddpm.backend.Convolution;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Layout;
import dev.ddpm.backend.Tensor;

/**
 * {@link BlockSpec.Residual}: two normalised convolutions with the time embedding added in between,
 * beside the identity or a 1×1 convolution.
 *
 * <p>The bias of the first convolution and that of the time projection are added together with the
 * projection inside the second normalisation; the biases of the second convolution and of the
 * shortcut are added as one.
 */
final class ResidualBlock implements Block {
  private final BlockSpec.Residual spec;
  private final BlockContext context;
  private final BlockParameters parameters;
  private final Dropout dropout;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor image;
  private Tensor skip;
  private Tensor time;
  private Tensor keys;

  ResidualBlock(BlockSpec.Residual spec, BlockContext context, BlockParameters parameters) {
    this.spec = spec;
    this.context = context;
    this.parameters = parameters;
    this.dropout = spec.dropout() > 0 ? new Dropout(spec.dropout(), spec.layer()) : null;
  }

  private final class Pass {
    final GroupNorm norm1;
    final GroupNorm norm2;
    final Convolution conv1;
    final Convolution conv2;
    final MatrixProduct shortcut = MatrixProduct.accumulating(context);
    final MatrixProduct timeProjection = MatrixProduct.accumulating(context);
    final Dropout mask;
    final Tensor both;
    final Tensor activated1;
    final Tensor hidden;
    final Tensor timeBias;
    final Tensor activated2;
    final Tensor bias;
    final Tensor mean1;
    final Tensor deviation1;
    final Tensor mean2;
    final Tensor deviation2;
    final Tensor y;
    final Backward backward;

    Pass(int batch, boolean training) {
      int height = image.size(1);
      int width = image.size(2);
      ConvolutionShape first = new ConvolutionShape(batch, height, width, spec.in(), spec.out(), 1);
      ConvolutionShape second =
          new ConvolutionShape(batch, height, width, spec.out(), spec.out(), 1);
      norm1 = norm(batch, height * width, spec.in());
      norm2 = norm(batch, height * width, spec.out());
      Layout layout1 = Convolutions.layout(first, context);
      Layout layout2 = Convolutions.layout(second, context);
      conv1 =
          Convolutions.of(
              first,
              layout1,
              layout1,
              context,
              parameters.value("conv1.weight"),
              parameters.gradient("conv1.weight"));
      conv2 =
          Convolutions.of(
              second,
              layout2,
              Layout.ROWS,
              context,
              parameters.value("conv2.weight"),
              parameters.gradient("conv2.weight"));
      mask = training ? dropout : null;
      both = spec.skip() == 0 ? null : buffer(training, "both", Layout.ROWS, first.input());
      activated1 = buffer(training, "activated", layout1, first.input());
      hidden = buffer(training, "hidden", layout1, second.input());
      activated2 = buffer(training, "activated", layout2, second.input());
      timeBias = context.allocate(batch, spec.out());
      bias = context.allocate(spec.out());
      mean1 = context.allocate(batch, spec.groups());
      deviation1 = context.allocate(batch, spec.groups());
      mean2 = context.allocate(batch, spec.groups());
      deviation2 = context.allocate(batch, spec.groups());
      y = context.allocate(second.output());
      backward = training ? new Backward(batch, first, second, layout1, layout2) : null;
    }

    private GroupNorm norm(int batch, int positions, int channels) {
      return new GroupNorm(batch, positions, channels, spec.groups(), spec.epsilon(), true);
    }

    /** What the backward pass reads must be owned; in inference blocks share it. */
    private Tensor buffer(boolean training, String role, Layout layout, long[] shape) {
      return training ? context.allocate(layout, shape) : context.scratch(role, layout, shape);
    }
  }

  /** What only the backward pass needs. */
  private final class Backward {
    final Tensor dActivated2;
    final Tensor dHidden;
    final Tensor dActivated1;
    final Tensor dTimeBias;
    final Tensor dBoth;
    final Tensor dTime;
    final Tensor dImage;
    final Tensor dSkip;
    final Tensor[] gradients;
    final MatrixProduct toShortcut = MatrixProduct.firstTransposed(context, 1);
    final MatrixProduct throughShortcut = MatrixProduct.secondTransposedAccumulating(context);
    final MatrixProduct toTimeProjection = MatrixProduct.firstTransposed(context, 1);
    final MatrixProduct toTime = MatrixProduct.secondTransposed(context, 1);

    Backward(
        int batch,
        ConvolutionShape first,
        ConvolutionShape second,
        Layout layout1,
        Layout layout2) {
      dActivated2 = context.scratch("gradient", layout2, second.input());
      dHidden = context.scratch("hidden gradient", layout1, second.input());
      dActivated1 = context.scratch("gradient", layout1, first.input());
      dTimeBias = context.scratch("time bias gradient", batch, spec.out());
      dTime = context.allocate(batch, spec.timeChannels());
      if (spec.skip() == 0) {
        dBoth = context.allocate(first.input());
        dImage = dBoth;
        dSkip = null;
        gradients = new Tensor[] {dImage, dTime, null};
      } else {
        dBoth = context.scratch("both gradient", first.input());
        dImage = context.allocate(batch, first.height(), first.width(), spec.current());
        dSkip = context.allocate(batch, first.height(), first.width(), spec.skip());
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
    Kernels kernels = context.kernels();
    if (skip != null) {
      kernels.concatenate(image, skip, pass.both);
    }
    Tensor x = input(pass);
    kernels.groupNorm(
        pass.norm1,
        x,
        null,
        parameters.value("norm1.weight"),
        parameters.value("norm1.bias"),
        null,
        null,
        pass.activated1,
        pass.mean1,
        pass.deviation1);
    pass.conv1.forward(pass.activated1, null, pass.hidden);

    kernels.clear(pass.timeBias);
    kernels.addToRows(parameters.value("conv1.bias"), pass.timeBias);
    kernels.addToRows(parameters.value("time_emb.bias"), pass.timeBias);
    pass.timeProjection.run(
        time.matrix(), parameters.value("time_emb.weight").matrix(), pass.timeBias.matrix());
    kernels.groupNorm(
        pass.norm2,
        pass.hidden,
        pass.timeBias,
        parameters.value("norm2.weight"),
        parameters.value("norm2.bias"),
        pass.mask,
        keys,
        pass.activated2,
        pass.mean2,
        pass.deviation2);

    if (spec.projects()) {
      pass.bias.array().assign(parameters.value("shortcut.bias").array());
      kernels.add(parameters.value("conv2.bias"), pass.bias);
      pass.conv2.forward(pass.activated2, pass.bias, pass.y);
      pass.shortcut.run(x.matrix(), parameters.value("shortcut.weight").matrix(), pass.y.matrix());
    } else {
      pass.conv2.forward(pass.activated2, parameters.value("conv2.bias"), pass.y);
      kernels.add(x, pass.y);
    }
    return pass.y;
  }

  private Tensor input(Pass pass) {
    return skip == null ? image : pass.both;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    Backward b = pass.backward;
    Kernels kernels = context.kernels();
    Tensor x = input(pass);

    kernels.sumRows(dy, parameters.gradient("conv2.bias"));
    pass.conv2.backward(pass.activated2, dy, b.dActivated2);
    kernels.groupNormBackward(
        pass.norm2,
        pass.hidden,
        pass.timeBias,
        parameters.value("norm2.weight"),
        parameters.value("norm2.bias"),
        pass.mask,
        keys,
        pass.mean2,
        pass.deviation2,
        b.dActivated2,
        null,
        b.dHidden,
        b.dTimeBias,
        parameters.gradient("norm2.weight"),
        parameters.gradient("norm2.bias"));
    timeGradients(b);

    pass.conv1.backward(pass.activated1, b.dHidden, b.dActivated1);
    kernels.groupNormBackward(
        pass.norm1,
        x,
        null,
        parameters.value("norm1.weight"),
        parameters.value("norm1.bias"),
        null,
        null,
        pass.mean1,
        pass.deviation1,
        b.dActivated1,
        spec.projects() ? null : dy,
        b.dBoth,
        null,
        parameters.gradient("norm1.weight"),
        parameters.gradient("norm1.bias"));
    if (spec.projects()) {
      shortcutGradients(x, dy, b);
    }
    if (skip != null) {
      kernels.split(b.dBoth, b.dImage, b.dSkip);
    }
    return b.gradients;
  }

  private void timeGradients(Backward b) {
    context.kernels().sumRows(b.dTimeBias, parameters.gradient("time_emb.bias"));
    parameters.gradient("conv1.bias").array().assign(parameters.gradient("time_emb.bias").array());
    b.toTimeProjection.run(
        time.matrix(), b.dTimeBias.matrix(), parameters.gradient("time_emb.weight").matrix());
    b.toTime.run(
        b.dTimeBias.matrix(), parameters.value("time_emb.weight").matrix(), b.dTime.matrix());
  }

  private void shortcutGradients(Tensor x, Tensor dy, Backward b) {
    parameters.gradient("shortcut.bias").array().assign(parameters.gradient("conv2.bias").array());
    b.toShortcut.run(x.matrix(), dy.matrix(), parameters.gradient("shortcut.weight").matrix());
    b.throughShortcut.run(
        dy.matrix(), parameters.value("shortcut.weight").matrix(), b.dBoth.matrix());
  }
}
