package dev.ddpm.network;

import dev.ddpm.network.block.BlockSpec;
import dev.ddpm.network.block.CenteringBlock;
import dev.ddpm.network.block.ClassEmbeddingBlock;
import dev.ddpm.network.block.ConvolutionBlock;
import dev.ddpm.network.block.NearestUpsampleBlock;
import dev.ddpm.network.block.NormedAttentionBlock;
import dev.ddpm.network.block.OutputBlock;
import dev.ddpm.network.block.ResidualBlock;
import dev.ddpm.network.block.SwishBlock;
import dev.ddpm.network.block.TimeEmbeddingBlock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** Lays out the blocks of a {@link Unet2d}, with diffusers' names of their tensors. */
final class Unet2dPlan {
  private static final String TIME = "time";
  private static final Map<String, String> RESIDUAL_NAMES =
      Map.of("shortcut", "conv_shortcut", "time_emb", "time_emb_proj");
  private static final Map<String, String> ATTENTION_NAMES =
      Map.of(
          "norm",
          "group_norm",
          "query",
          "to_q",
          "key",
          "to_k",
          "value",
          "to_v",
          "output",
          "to_out.0");
  private static final Map<String, String> TIME_NAMES =
      Map.of("lin1", "linear_1", "lin2", "linear_2");
  private static final Map<String, String> OUTPUT_NAMES =
      Map.of("norm", "conv_norm_out", "final", "conv_out");

  private final Unet2d spec;
  private final List<NetworkPlan.Node> nodes = new ArrayList<>();
  private final Deque<Skip> skips = new ArrayDeque<>();
  private String current = NetworkPlan.IMAGE;
  private int channels;
  private int residuals;

  private record Skip(String name, int channels) {}

  private Unet2dPlan(Unet2d spec) {
    this.spec = spec;
  }

  /** The blocks of a U-Net. */
  static NetworkPlan of(Unet2d spec) {
    Unet2dPlan plan = new Unet2dPlan(spec);
    plan.entrance();
    plan.down();
    plan.middle();
    plan.up();
    plan.exit();
    return new NetworkPlan(spec.imageShape(), plan.nodes);
  }

  private void append(String name, BlockSpec block, Map<String, String> layers, String... inputs) {
    nodes.add(new NetworkPlan.Node(name, name + ".", block, List.of(inputs), layers));
    current = name;
  }

  private void append(String name, BlockSpec block, String... inputs) {
    append(name, block, Map.of(), inputs);
  }

  /** In the order of the longest paths from the inputs, in which DL4J computes blocks. */
  private void entrance() {
    if (spec.centerInput()) {
      append("centered", new CenteringBlock.Spec(spec.imageChannels()), NetworkPlan.IMAGE);
      timeEmbedding();
      firstConvolution("centered");
    } else {
      firstConvolution(NetworkPlan.IMAGE);
      timeEmbedding();
    }
    String time = "time_embedding";
    if (spec.classes() > 0) {
      time = "class_embedding";
      append(
          time,
          new ClassEmbeddingBlock.Spec(spec.timeChannels(), spec.classes()),
          "time_embedding",
          NetworkPlan.CLASS);
    }
    append(TIME, new SwishBlock.Spec(), time);
    current = "conv_in";
    skips.push(new Skip(current, channels));
  }

  private void timeEmbedding() {
    append(
        "time_embedding",
        new TimeEmbeddingBlock.Spec(spec.timeChannels(), spec.time()),
        TIME_NAMES,
        NetworkPlan.TIMESTEP);
  }

  private void firstConvolution(String image) {
    channels = spec.widths().get(0);
    append("conv_in", new ConvolutionBlock.Spec(spec.imageChannels(), channels, 1), image);
  }

  private void down() {
    for (int level = 0; level < spec.levels(); level++) {
      String prefix = "down_blocks." + level;
      for (int block = 0; block < spec.blocks(); block++) {
        residual(prefix + ".resnets." + block, null, spec.widths().get(level), 1);
        if (spec.attention().get(level)) {
          attention(prefix + ".attentions." + block, true, 1);
        }
        skips.push(new Skip(current, channels));
      }
      if (level < spec.levels() - 1) {
        boolean padsEndOnly = spec.downsamplePadding() == 0;
        append(
            prefix + ".downsamplers.0.conv",
            new ConvolutionBlock.Spec(channels, channels, 2, padsEndOnly),
            current);
        skips.push(new Skip(current, channels));
      }
    }
  }

  private void middle() {
    Unet2d.Middle middle = spec.middle();
    residual("mid_block.resnets.0", null, channels, middle.scaleFactor());
    if (middle.attention()) {
      attention("mid_block.attentions.0", middle.normalises(), middle.scaleFactor());
    }
    residual("mid_block.resnets.1", null, channels, middle.scaleFactor());
  }

  private void up() {
    for (int level = spec.levels() - 1; level >= 0; level--) {
      String prefix = "up_blocks." + (spec.levels() - 1 - level);
      for (int block = 0; block <= spec.blocks(); block++) {
        residual(prefix + ".resnets." + block, skips.pop(), spec.widths().get(level), 1);
        if (spec.attention().get(level)) {
          attention(prefix + ".attentions." + block, true, 1);
        }
      }
      if (level > 0) {
        append(
            prefix + ".upsamplers.0.conv",
            new NearestUpsampleBlock.Spec(channels, channels),
            current);
      }
    }
  }

  private void exit() {
    BlockSpec output =
        new OutputBlock.Spec(channels, spec.imageChannels(), spec.normGroups(), spec.normEpsilon());
    nodes.add(new NetworkPlan.Node("prediction", "", output, List.of(current), OUTPUT_NAMES));
  }

  private void residual(String name, Skip skip, int out, double divisor) {
    BlockSpec block =
        new ResidualBlock.Spec(
            channels,
            skip == null ? 0 : skip.channels(),
            out,
            spec.timeChannels(),
            spec.normGroups(),
            spec.normEpsilon(),
            spec.dropout(),
            residuals++,
            spec.scaleShift(),
            divisor);
    if (skip == null) {
      append(name, block, RESIDUAL_NAMES, current, TIME, NetworkPlan.KEYS);
    } else {
      append(name, block, RESIDUAL_NAMES, current, skip.name(), TIME, NetworkPlan.KEYS);
    }
    channels = out;
  }

  private void attention(String name, boolean normalises, double divisor) {
    append(
        name,
        new NormedAttentionBlock.Spec(
            channels,
            spec.heads(channels),
            normalises ? spec.normGroups() : 0,
            spec.normEpsilon(),
            divisor),
        ATTENTION_NAMES,
        current);
  }
}
