package dev.ddpm.peer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A network as functions of named tensors. A tensor is made when its name is first asked for, so
 * one forward pass makes them all.
 */
abstract class TorchNetwork {
  private static final double DROPOUT = 0.1;

  private final MemoryFormat format;
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private boolean training = true;

  TorchNetwork(MemoryFormat format) {
    this.format = format;
  }

  /** The network of a name, as the benchmark has it. */
  static TorchNetwork of(String name, MemoryFormat format) {
    return name.equals("HO")
        ? new TorchUnet2d(TorchUnet2d.Size.CIFAR, format)
        : new TorchUNet(Shape.of(name), format);
  }

  abstract int imageChannels();

  /** Height and width of the images. */
  abstract int side();

  /** Images per step. */
  abstract int batch();

  /** ε_θ(x_t, t) for images (batch, channels, side, side) and timesteps (batch). */
  abstract Tensor forward(Tensor image, Tensor timesteps);

  void training(boolean on) {
    training = on;
  }

  TensorVector parameters() {
    return new TensorVector(parameters.values().toArray(Tensor[]::new));
  }

  long parameterCount() {
    return parameters.values().stream().mapToLong(Tensor::numel).sum();
  }

  /** Names of the tensors that there are. */
  Set<String> names() {
    return Set.copyOf(parameters.keySet());
  }

  /** Sets a tensor, with or without one of its name before. */
  void set(String name, Tensor values) {
    values.retainReference();
    parameters.put(name, values.set_requires_grad(true));
  }

  Tensor parameter(String name, long... size) {
    return parameters.computeIfAbsent(name, absent -> draw(size));
  }

  /** Uniform in ± 1 / √(fan-in), as PyTorch does; its storage outlives the step. */
  private Tensor draw(long... size) {
    try (NoGradGuard guard = new NoGradGuard()) {
      long fanIn = 1;
      for (int i = 1; i < size.length; i++) {
        fanIn *= size[i];
      }
      double bound = 1 / Math.sqrt((double) fanIn);
      Tensor values = torch.rand(size).mul(new Scalar(2 * bound)).sub(new Scalar(bound));
      if (size.length == 4) {
        values = values.contiguous(format);
      }
      values.retainReference();
      return values.set_requires_grad(true);
    }
  }

  TensorOptional bias(String name, long length) {
    return new TensorOptional(parameter(name, length));
  }

  Tensor convolution(
      String name, Tensor x, long in, long out, int kernel, int stride, int padding) {
    return torch.conv2d(
        x,
        parameter(name + ".weight", out, in, kernel, kernel),
        bias(name + ".bias", out),
        new long[] {stride, stride},
        new long[] {padding, padding},
        new long[] {1, 1},
        1);
  }

  Tensor linear(String name, Tensor x, long in, long out) {
    return torch.linear(x, parameter(name + ".weight", out, in), bias(name + ".bias", out));
  }

  Tensor norm(String name, Tensor x, long channels, int groups, double epsilon) {
    return torch.group_norm(
        x, groups, bias(name + ".weight", channels), bias(name + ".bias", channels), epsilon, true);
  }

  Tensor dropout(Tensor x) {
    return torch.dropout(x, DROPOUT, training);
  }

  /** Sines, then cosines, of so many frequencies in all. */
  static Tensor encoding(Tensor timesteps, int half) {
    Tensor frequencies =
        torch
            .arange(new Scalar(half), new TensorOptions(ScalarType.Float))
            .mul(new Scalar(-Math.log(10_000) / (half - 1)))
            .exp();
    Tensor argument = timesteps.to(ScalarType.Float).unsqueeze(1).mul(frequencies.unsqueeze(0));
    return torch.cat(new TensorVector(argument.sin(), argument.cos()), 1);
  }

  static Tensor swish(Tensor x) {
    return x.mul(x.sigmoid());
  }
}
