package dev.ddpm.peer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** The network of Ho et al., with diffusers' names. */
final class TorchUnet2d extends TorchNetwork {
  private static final int BLOCKS = 2;
  private static final double EPSILON = 1e-6;

  private final Size size;
  private final int timeWidth;

  /**
   * How large it is.
   *
   * @param side height and width of the images
   * @param widths channels of each level
   * @param attention whether the blocks of each level attend
   * @param groups groups of the norms
   * @param batch images per step
   */
  record Size(int side, List<Integer> widths, List<Boolean> attention, int groups, int batch) {
    /** That of the paper for CIFAR-10. */
    static final Size CIFAR =
        new Size(32, List.of(128, 256, 256, 256), List.of(false, true, false, false), 32, 16);
  }

  TorchUnet2d(Size size, MemoryFormat format) {
    super(format);
    this.size = size;
    this.timeWidth = 4 * size.widths().get(0);
  }

  @Override
  int imageChannels() {
    return 3;
  }

  @Override
  int side() {
    return size.side();
  }

  @Override
  int batch() {
    return size.batch();
  }

  private Tensor residual(String name, Tensor x, Tensor time, long in, long out) {
    Tensor hidden = swish(norm(name + ".norm1", x, in, size.groups(), EPSILON));
    hidden = convolution(name + ".conv1", hidden, in, out, 3, 1, 1);
    Tensor shift = linear(name + ".time_emb_proj", time, timeWidth, out);
    hidden = hidden.add_(shift.unsqueeze(2).unsqueeze(3));
    hidden = swish(norm(name + ".norm2", hidden, out, size.groups(), EPSILON));
    hidden = convolution(name + ".conv2", dropout(hidden), out, out, 3, 1, 1);
    return hidden.add(in == out ? x : convolution(name + ".conv_shortcut", x, in, out, 1, 1, 0));
  }

  private Tensor attention(String name, Tensor x, long channels) {
    long batch = x.size(0);
    Tensor normalised = norm(name + ".group_norm", x, channels, size.groups(), EPSILON);
    Tensor sequence = normalised.reshape(batch, channels, -1).permute(0, 2, 1);
    Tensor query = linear(name + ".to_q", sequence, channels, channels);
    Tensor key = linear(name + ".to_k", sequence, channels, channels);
    Tensor value = linear(name + ".to_v", sequence, channels, channels);
    Tensor scores =
        torch.matmul(query, key.transpose(1, 2)).mul(new Scalar(1 / Math.sqrt((double) channels)));
    Tensor mixed = torch.matmul(torch.softmax(scores, 2), value);
    Tensor result = linear(name + ".to_out.0", mixed, channels, channels);
    return result.permute(0, 2, 1).reshape(batch, channels, x.size(2), x.size(3)).add(x);
  }

  @Override
  Tensor forward(Tensor image, Tensor timesteps) {
    Tensor encoding = encoding(timesteps, size.widths().get(0) / 2);
    Tensor time =
        swish(linear("time_embedding.linear_1", encoding, size.widths().get(0), timeWidth));
    time = swish(linear("time_embedding.linear_2", time, timeWidth, timeWidth));
    long width = size.widths().get(0);
    Tensor x = convolution("conv_in", image, imageChannels(), width, 3, 1, 1);
    Deque<Tensor> skips = new ArrayDeque<>();
    skips.push(x);
    for (int level = 0; level < size.widths().size(); level++) {
      String name = "down_blocks." + level;
      for (int block = 0; block < BLOCKS; block++) {
        x = residual(name + ".resnets." + block, x, time, width, size.widths().get(level));
        width = size.widths().get(level);
        if (size.attention().get(level)) {
          x = attention(name + ".attentions." + block, x, width);
        }
        skips.push(x);
      }
      if (level < size.widths().size() - 1) {
        Tensor padded = torch.constant_pad_nd(x, new long[] {0, 1, 0, 1}, new Scalar(0));
        x = convolution(name + ".downsamplers.0.conv", padded, width, width, 3, 2, 0);
        skips.push(x);
      }
    }
    x = residual("mid_block.resnets.0", x, time, width, width);
    x = attention("mid_block.attentions.0", x, width);
    x = residual("mid_block.resnets.1", x, time, width, width);
    for (int level = size.widths().size() - 1; level >= 0; level--) {
      String name = "up_blocks." + (size.widths().size() - 1 - level);
      for (int block = 0; block <= BLOCKS; block++) {
        Tensor skip = skips.pop();
        long in = width + skip.size(1);
        x = torch.cat(new TensorVector(x, skip), 1);
        x = residual(name + ".resnets." + block, x, time, in, size.widths().get(level));
        width = size.widths().get(level);
        if (size.attention().get(level)) {
          x = attention(name + ".attentions." + block, x, width);
        }
      }
      if (level > 0) {
        long[] doubled = {2 * x.size(2), 2 * x.size(3)};
        x = torch.upsample_nearest2d(x, doubled);
        x = convolution(name + ".upsamplers.0.conv", x, width, width, 3, 1, 1);
      }
    }
    x = swish(norm("conv_norm_out", x, width, size.groups(), EPSILON));
    return convolution("conv_out", x, width, imageChannels(), 3, 1, 1);
  }
}
