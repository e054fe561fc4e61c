package dev.ddpm.network;

import dev.ddpm.network.block.AttentionBlock;
import dev.ddpm.network.block.ClassEmbeddingBlock;
import dev.ddpm.network.block.ConvolutionBlock;
import dev.ddpm.network.block.OutputBlock;
import dev.ddpm.network.block.SwishBlock;
import dev.ddpm.network.block.TimeEmbeddingBlock;
import dev.ddpm.network.block.UpsampleBlock;
import java.util.Map;

/**
 * Lays out the blocks of a {@link LabmlUNet} in the order of the reference's state dict, which
 * knows no classes: their embedding follows that of the timestep.
 */
final class LabmlPlan {
  private final LabmlUNet spec;
  private final PlanBuilder plan;

  private LabmlPlan(LabmlUNet spec) {
    this.spec = spec;
    this.plan =
        new PlanBuilder(
            new PlanBuilder.Residuals(
                spec.timeChannels(),
                spec.normGroups(),
                LabmlUNet.NORM_EPSILON,
                spec.dropout(),
                /* scaleShift= */ false,
                Map.of()));
  }

  /** The blocks of a U-Net. */
  static NetworkPlan of(LabmlUNet spec) {
    LabmlPlan layout = new LabmlPlan(spec);
    layout.entrance();
    layout.down();
    layout.middle();
    layout.up();
    return layout.exit();
  }

  private void entrance() {
    plan.append(
        "image_proj",
        new ConvolutionBlock.Spec(spec.imageChannels(), spec.channels(), 1),
        NetworkPlan.IMAGE);
    plan.append("time_emb", new TimeEmbeddingBlock.Spec(spec.timeChannels()), NetworkPlan.TIMESTEP);
    String time = "time_emb";
    if (spec.classes() > 0) {
      time = "class_emb";
      plan.append(
          time,
          new ClassEmbeddingBlock.Spec(spec.timeChannels(), spec.classes()),
          "time_emb",
          NetworkPlan.CLASS);
    }
    plan.append(PlanBuilder.TIME, new SwishBlock.Spec(), time);
    plan.goOnFrom("image_proj", spec.channels());
    plan.keep();
  }

  private void down() {
    int module = 0;
    for (int level = 0; level < spec.levels(); level++) {
      int out = spec.levelChannels(level);
      for (int block = 0; block < spec.blocks(); block++) {
        plan.residual("down." + module + ".res", out, 1);
        attention("down." + module + ".attn", spec.attention().get(level));
        plan.keep();
        module++;
      }
      if (level < spec.levels() - 1) {
        plan.append(
            "down." + module + ".conv",
            new ConvolutionBlock.Spec(plan.channels(), plan.channels(), 2),
            plan.current());
        plan.keep();
        module++;
      }
    }
  }

  private void middle() {
    plan.residual("middle.res1", plan.channels(), 1);
    attention("middle.attn", true);
    plan.residual("middle.res2", plan.channels(), 1);
  }

  private void up() {
    int module = 0;
    for (int level = spec.levels() - 1; level >= 0; level--) {
      int below = level == 0 ? spec.channels() : spec.levelChannels(level - 1);
      for (int block = 0; block <= spec.blocks(); block++) {
        int out = block < spec.blocks() ? plan.channels() : below;
        plan.joiningResidual("up." + module + ".res", out);
        attention("up." + module + ".attn", spec.attention().get(level));
        module++;
      }
      if (level > 0) {
        plan.append(
            "up." + module + ".conv",
            new UpsampleBlock.Spec(plan.channels(), plan.channels()),
            plan.current());
        module++;
      }
    }
  }

  private NetworkPlan exit() {
    return plan.build(
        spec.imageShape(),
        "epsilon",
        new OutputBlock.Spec(
            plan.channels(),
            spec.imageChannels(),
            LabmlUNet.FINAL_NORM_GROUPS,
            LabmlUNet.NORM_EPSILON),
        Map.of());
  }

  private void attention(String name, boolean attends) {
    if (attends) {
      plan.append(
          name, new AttentionBlock.Spec(plan.channels(), spec.attentionHeads()), plan.current());
    }
  }
}
