package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.network.LabmlUNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/** Writes the folder of a checkpoint that labml.ai's annotated implementation loads. */
public final class LabmlExport implements ForeignForm {
  private static final int NORM_GROUPS = 32;

  @Override
  public void require(ModelDescription model) {
    if (!(model.architecture() instanceof LabmlUNet unet)) {
      throw DdpmException.user(
          "--to labml: is for networks of the kind labml, and this one is of another; use diffusers"
              + " or safetensors.");
    }
    if (unet.normGroups() != NORM_GROUPS || unet.attentionHeads() != 1) {
      throw DdpmException.user(
          "--to labml: the annotated implementation has %d groups and 1 head, and this network has"
              + " norm-groups = %d and attention-heads = %d; use safetensors.",
          NORM_GROUPS, unet.normGroups(), unet.attentionHeads());
    }
    if (unet.classes() > 0) {
      throw DdpmException.user(
          "--to labml: the annotated implementation knows no classes, and this network has %d; use"
              + " safetensors.",
          model.classes().count());
    }
    if (model.prediction() != Prediction.EPSILON || model.dataRange() != DataRange.ZERO_TO_ONE) {
      throw DdpmException.user(
          "--to labml: the annotated implementation predicts ε of image values from 0 to 1,"
              + " and this model predicts %s of values from %.0f to %.0f; use safetensors.",
          model.prediction().symbol(), model.dataRange().minimum(), model.dataRange().maximum());
    }
  }

  @Override
  public void write(
      Function<String, FileStore> folders, ModelDescription model, NamedTensors weights)
      throws IOException {
    FileStore folder = folders.apply("");
    folder.create(LabmlModel.WEIGHTS, out -> TorchWriter.write(out, "eps_model", weights));
    byte[] info =
        "{\"eps_model\": \"%s\"}".formatted(LabmlModel.WEIGHTS).getBytes(StandardCharsets.UTF_8);
    folder.create("info.json", out -> out.write(info));
  }

  @Override
  public String usage(ModelDescription model) {
    LabmlUNet unet = (LabmlUNet) model.architecture();
    return """
    import torch
    from labml_nn.diffusion.ddpm.unet import UNet

    unet = UNet(image_channels=%d, n_channels=%d, ch_mults=%s, is_attn=%s, n_blocks=%d)
    unet.load_state_dict(torch.load("FOLDER/%s"))\
    """
        .formatted(
            unet.imageChannels(),
            unet.channels(),
            tuple(unet.channelMultipliers().toString()),
            tuple(unet.attention().toString().replace("true", "True").replace("false", "False")),
            unet.blocks(),
            LabmlModel.WEIGHTS);
  }

  private static String tuple(String list) {
    return "(" + list.substring(1, list.length() - 1) + ",)";
  }
}
