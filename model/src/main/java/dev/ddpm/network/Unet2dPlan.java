package dev.ddpm.network;

import dev.ddpm.network.block.CenteringBlock;
import dev.ddpm.network.block.ClassEmbeddingBlock;
import dev.ddpm.network.block.ConvolutionBlock;
import dev.ddpm.network.block.NearestUpsampleBlock;
import dev.ddpm.network.block.NormedAttentionBlock;
import dev.ddpm.network.block.OutputBlock;
import dev.ddpm.network.block.SwishBlock;
import dev.ddpm.network.block.TimeEmbeddingBlock;
import java.util.Map;

/** Lays out the blocks of a {@link Unet2d}, with diffusers' names of their tensors. */
final class Unet2dPlan {
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
  private final PlanBuilder plan;

  private Unet2dPlan(Unet2d spec) {
    this.spec = spec;
    this.plan =
        new PlanBuilder(
            new PlanBuilder.Residuals(
                spec.timeChannels(),
                spec.normGroups(),
                spec.normEpsilon(),
                spec.dropout(),
                spec.scaleShift(),
                RESIDUAL_NAMES));
  }

  /** The blocks of a U-Net. */
  static NetworkPlan of(Unet2d spec) {
    Unet2dPlan layout = new Unet2dPlan(spec);
    layout.entrance();
    layout.down();
    layout.middle();
    layout.up();
    return layout.exit();
  }

  /** In the order of the longest paths from the inputs, in which DL4J computes blocks. */
  private void entrance() {
    if (spec.centerInput()) {
      plan.append("centered", new CenteringBlock.Spec(spec.imageChannels()), NetworkPlan.IMAGE);
      timeEmbedding();
      firstConvolution("centered");
    } else {
      firstConvolution(NetworkPlan.IMAGE);
      timeEmbedding();
    }
    String time = "time_embedding";
    if (spec.classes() > 0) {
      time = "class_embedding";
      plan.append(
          time,
          new ClassEmbeddingBlock.Spec(spec.timeChannels(), spec.classes()),
          "time_embedding",
          NetworkPlan.CLASS);
    }
    plan.append(PlanBuilder.TIME, new SwishBlock.Spec(), time);
    plan.goOnFrom("conv_in", spec.widths().get(0));
    plan.keep();
  }

  private void timeEmbedding() {
    plan.append(
        "time_embedding",
        new TimeEmbeddingBlock.Spec(spec.timeChannels(), spec.time()),
        TIME_NAMES,
        NetworkPlan.TIMESTEP);
  }

  private void firstConvolution(String image) {
    plan.append(
        "conv_in", new ConvolutionBlock.Spec(spec.imageChannels(), spec.widths().get(0), 1), image);
  }

  private void down() {
    for (int level = 0; level < spec.levels(); level++) {
      String prefix = "down_blocks." + level;
      for (int block = 0; block < spec.blocks(); block++) {
        plan.residual(prefix + ".resnets." + block, spec.widths().get(level), 1);
        if (spec.attention().get(level)) {
          attention(prefix + ".attentions." + block, true, 1);
        }
        plan.keep();
      }
      if (level < spec.levels() - 1) {
        boolean padsEndOnly = spec.downsamplePadding() == 0;
        plan.append(
            prefix + ".downsamplers.0.conv",
            new ConvolutionBlock.Spec(plan.channels(), plan.channels(), 2, padsEndOnly),
            plan.current());
        plan.keep();
      }
    }
  }

  private void middle() {
    Unet2d.Middle middle = spec.middle();
    plan.residual("mid_block.resnets.0", plan.channels(), middle.scaleFactor());
    if (middle.attention()) {
      attention("mid_block.attentions.0", middle.normalises(), middle.scaleFactor());
    }
    plan.residual("mid_block.resnets.1", plan.channels(), middle.scaleFactor());
  }

  private void up() {
    for (int level = spec.levels() - 1; level >= 0; level--) {
      String prefix = "up_blocks." + (spec.levels() - 1 - level);
      for (int block = 0; block <= spec.blocks(); block++) {
        plan.joiningResidual(prefix + ".resnets." + block, spec.widths().get(level));
        if (spec.attention().get(level)) {
          attention(prefix + ".attentions." + block, true, 1);
        }
      }
      if (level > 0) {
        plan.append(
            prefix + ".upsamplers.0.conv",
            new NearestUpsampleBlock.Spec(plan.channels(), plan.channels()),
            plan.current());
      }
    }
  }

  private NetworkPlan exit() {
    return plan.build(
        spec.imageShape(),
        "prediction",
        new OutputBlock.Spec(
            plan.channels(), spec.imageChannels(), spec.normGroups(), spec.normEpsilon()),
        OUTPUT_NAMES);
  }

  private void attention(String name, boolean normalises, double divisor) {
    plan.append(
        name,
        new NormedAttentionBlock.Spec(
            plan.channels(),
            spec.heads(plan.channels()),
            normalises ? spec.normGroups() : 0,
            spec.normEpsilon(),
            divisor),
        ATTENTION_NAMES,
        plan.current());
  }
}
