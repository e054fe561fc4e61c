package dev.ddpm.network;

import dev.ddpm.network.block.AttentionBlock;
import dev.ddpm.network.block.BlockSpec;
import dev.ddpm.network.block.ConvolutionBlock;
import dev.ddpm.network.block.OutputBlock;
import dev.ddpm.network.block.ResidualBlock;
import dev.ddpm.network.block.SwishBlock;
import dev.ddpm.network.block.TimeEmbeddingBlock;
import dev.ddpm.network.block.UpsampleBlock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Lays out the blocks of a {@link LabmlUNet} in the order of the reference's state dict. */
final class LabmlPlan {
  private static final String TIME = "time";

  private final LabmlUNet spec;
  private final List<NetworkPlan.Node> nodes = new ArrayList<>();
  private final Deque<Skip> skips = new ArrayDeque<>();
  private String current = NetworkPlan.IMAGE;
  private int channels;
  private int residuals;

  private record Skip(String name, int channels) {}

  private LabmlPlan(LabmlUNet spec) {
    this.spec = spec;
  }

  /** The blocks of a U-Net. */
  static NetworkPlan of(LabmlUNet spec) {
    LabmlPlan plan = new LabmlPlan(spec);
    plan.entrance();
    plan.down();
    plan.middle();
    plan.up();
    plan.exit();
    return new NetworkPlan(spec.imageShape(), plan.nodes);
  }

  private void append(String name, BlockSpec block, String... inputs) {
    nodes.add(new NetworkPlan.Node(name, name + ".", block, List.of(inputs)));
    current = name;
  }

  private void entrance() {
    append(
        "image_proj",
        new ConvolutionBlock.Spec(spec.imageChannels(), spec.channels(), 1),
        NetworkPlan.IMAGE);
    channels = spec.channels();
    skips.push(new Skip(current, channels));
    append("time_emb", new TimeEmbeddingBlock.Spec(spec.timeChannels()), NetworkPlan.TIMESTEP);
    append(TIME, new SwishBlock.Spec(), "time_emb");
    current = "image_proj";
  }

  private void down() {
    int module = 0;
    for (int level = 0; level < spec.levels(); level++) {
      int out = spec.levelChannels(level);
      for (int block = 0; block < spec.blocks(); block++) {
        residual("down." + module + ".res", null, out);
        attention("down." + module + ".attn", spec.attention().get(level));
        skips.push(new Skip(current, channels));
        module++;
      }
      if (level < spec.levels() - 1) {
        append(
            "down." + module + ".conv", new ConvolutionBlock.Spec(channels, channels, 2), current);
        skips.push(new Skip(current, channels));
        module++;
      }
    }
  }

  private void middle() {
    residual("middle.res1", null, channels);
    attention("middle.attn", true);
    residual("middle.res2", null, channels);
  }

  private void up() {
    int module = 0;
    for (int level = spec.levels() - 1; level >= 0; level--) {
      int below = level == 0 ? spec.channels() : spec.levelChannels(level - 1);
      for (int block = 0; block <= spec.blocks(); block++) {
        int out = block < spec.blocks() ? channels : below;
        residual("up." + module + ".res", skips.pop(), out);
        attention("up." + module + ".attn", spec.attention().get(level));
        module++;
      }
      if (level > 0) {
        append("up." + module + ".conv", new UpsampleBlock.Spec(channels, channels), current);
        module++;
      }
    }
  }

  private void exit() {
    BlockSpec output =
        new OutputBlock.Spec(
            channels, spec.imageChannels(), LabmlUNet.FINAL_NORM_GROUPS, LabmlUNet.NORM_EPSILON);
    nodes.add(new NetworkPlan.Node("epsilon", "", output, List.of(current)));
  }

  private void residual(String name, Skip skip, int out) {
    BlockSpec block =
        new ResidualBlock.Spec(
            channels,
            skip == null ? 0 : skip.channels(),
            out,
            spec.timeChannels(),
            spec.normGroups(),
            LabmlUNet.NORM_EPSILON,
            spec.dropout(),
            residuals++);
    if (skip == null) {
      append(name, block, current, TIME, NetworkPlan.KEYS);
    } else {
      append(name, block, current, skip.name(), TIME, NetworkPlan.KEYS);
    }
    channels = out;
  }

  private void attention(String name, boolean attends) {
    if (attends) {
      append(name, new AttentionBlock.Spec(channels, spec.attentionHeads()), current);
    }
  }
}
