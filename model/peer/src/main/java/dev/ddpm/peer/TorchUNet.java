package dev.ddpm.peer;

import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** The network of the annotated implementation. */
final class TorchUNet extends TorchNetwork {
  private static final double EPSILON = 1e-5;
  private static final int FINAL_GROUPS = 8;

  private final Shape shape;

  TorchUNet(Shape shape, MemoryFormat format) {
    super(format);
    this.shape = shape;
  }

  @Override
  int imageChannels() {
    return shape.imageChannels();
  }

  @Override
  int side() {
    return shape.side();
  }

  @Override
  int batch() {
    return shape.batch();
  }

  private Tensor timeEmbedding(Tensor timesteps, int width) {
    Tensor encoding = encoding(timesteps, width / 8);
    Tensor hidden = swish(linear("time_emb.lin1", encoding, width / 4, width));
    return linear("time_emb.lin2", hidden, width, width);
  }

  private Tensor residual(String name, Tensor x, Tensor time, long in, long out) {
    int timeWidth = 4 * shape.channels();
    Tensor hidden = swish(norm(name + ".norm1", x, in, shape.groups(), EPSILON));
    hidden = convolution(name + ".conv1", hidden, in, out, 3, 1, 1);
    Tensor shift = linear(name + ".time_emb", swish(time), timeWidth, out);
    hidden = hidden.add_(shift.unsqueeze(2).unsqueeze(3));
    hidden = swish(norm(name + ".norm2", hidden, out, shape.groups(), EPSILON));
    hidden = dropout(hidden);
    hidden = convolution(name + ".conv2", hidden, out, out, 3, 1, 1);
    return hidden.add(in == out ? x : convolution(name + ".shortcut", x, in, out, 1, 1, 0));
  }

  private Tensor attention(String name, Tensor x, long channels) {
    // in the state dict, but never applied
    parameter(name + ".norm.weight", channels);
    parameter(name + ".norm.bias", channels);
    long batch = x.size(0);
    Tensor sequence = x.view(batch, channels, -1).permute(0, 2, 1);
    Tensor projected = linear(name + ".projection", sequence, channels, 3 * channels);
    TensorVector parts = projected.chunk(3, -1);
    Tensor scores =
        torch
            .matmul(parts.get(0), parts.get(1).transpose(1, 2))
            .mul(new Scalar(1 / Math.sqrt((double) channels)));
    Tensor mixed = torch.matmul(torch.softmax(scores, 2), parts.get(2));
    Tensor result = linear(name + ".output", mixed, channels, channels).add_(sequence);
    return result.permute(0, 2, 1).view(batch, channels, x.size(2), x.size(3));
  }

  private Tensor block(String name, Tensor x, Tensor time, long in, long out, boolean attends) {
    Tensor y = residual(name + ".res", x, time, in, out);
    return attends ? attention(name + ".attn", y, out) : y;
  }

  @Override
  Tensor forward(Tensor image, Tensor timesteps) {
    int levels = shape.multipliers().size();
    Tensor time = timeEmbedding(timesteps, 4 * shape.channels());
    long width = shape.channels();
    Tensor x = convolution("image_proj", image, shape.imageChannels(), width, 3, 1, 1);
    Deque<Tensor> skips = new ArrayDeque<>();
    skips.push(x);
    int module = 0;
    for (int level = 0; level < levels; level++) {
      for (int i = 0; i < shape.blocks(); i++) {
        long out = i == 0 ? width * shape.multipliers().get(level) : width;
        x = block("down." + module++, x, time, width, out, shape.attention().get(level));
        width = out;
        skips.push(x);
      }
      if (level < levels - 1) {
        x = convolution("down." + module++ + ".conv", x, width, width, 3, 2, 1);
        skips.push(x);
      }
    }
    x = residual("middle.res1", x, time, width, width);
    x = attention("middle.attn", x, width);
    x = residual("middle.res2", x, time, width, width);
    module = 0;
    for (int level = levels - 1; level >= 0; level--) {
      for (int i = 0; i <= shape.blocks(); i++) {
        Tensor skip = skips.pop();
        long in = width + skip.size(1);
        long out = i < shape.blocks() ? width : width / shape.multipliers().get(level);
        x = torch.cat(new TensorVector(x, skip), 1);
        x = block("up." + module++, x, time, in, out, shape.attention().get(level));
        width = out;
      }
      if (level > 0) {
        x = upsample("up." + module++ + ".conv", x, width);
      }
    }
    x = swish(norm("norm", x, width, FINAL_GROUPS, EPSILON));
    return convolution("final", x, width, shape.imageChannels(), 3, 1, 1);
  }

  private Tensor upsample(String name, Tensor x, long width) {
    return torch.conv_transpose2d(
        x,
        parameter(name + ".weight", width, width, 4, 4),
        bias(name + ".bias", width),
        new long[] {2, 2},
        new long[] {1, 1},
        new long[] {0, 0},
        1,
        new long[] {1, 1});
  }
}
