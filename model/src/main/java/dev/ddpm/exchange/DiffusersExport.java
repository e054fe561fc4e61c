package dev.ddpm.exchange;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsWriter;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.network.Unet2d;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** Writes the folder of a pipeline that the diffusers library loads as it stands. */
public final class DiffusersExport implements ForeignForm {
  /** The version whose options are written; later ones read them. */
  static final String VERSION = "0.21.4";

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  @Override
  public void require(ModelDescription model) {
    if (!(model.architecture() instanceof Unet2d network)) {
      throw DdpmException.user(
          "--to diffusers: is for networks of the kind unet2d, and this one is of another; use"
              + " safetensors or labml.");
    }
    if (!DiffusersNetwork.canBeSaid(network)) {
      throw DdpmException.user(
          "--to diffusers: its networks normalise before the attention of the middle, and this"
              + " model has model.middle-normalises = false; use safetensors.");
    }
    if (model.dataRange() != DataRange.MINUS_ONE_TO_ONE) {
      throw DdpmException.user(
          "--to diffusers: its pipelines take image values from -1 to 1, and this model has values"
              + " from 0 to 1; use safetensors.");
    }
  }

  @Override
  public void write(
      Function<String, FileStore> folders, ModelDescription model, NamedTensors weights)
      throws IOException {
    json(folders.apply("scheduler"), "scheduler_config.json", DiffusersScheduler.write(model));
    json(
        folders.apply("unet"),
        "config.json",
        DiffusersNetwork.write((Unet2d) model.architecture()));
    folders
        .apply("unet")
        .create(
            "diffusion_pytorch_model.safetensors",
            out -> SafetensorsWriter.write(out, weights, ExportedClasses.metadata(model)));
    Map<String, Object> index = new TreeMap<>();
    index.put("_class_name", "DDPMPipeline");
    index.put("_diffusers_version", VERSION);
    index.put(
        "scheduler",
        List.of("diffusers", String.valueOf(DiffusersScheduler.write(model).get("_class_name"))));
    index.put("unet", List.of("diffusers", DiffusersNetwork.CLASS));
    json(folders.apply(""), "model_index.json", index);
  }

  private static void json(FileStore folder, String name, Map<String, Object> content)
      throws IOException {
    byte[] text;
    try {
      text = (JSON.writeValueAsString(content) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
    folder.create(name, out -> out.write(text));
  }

  @Override
  public String usage(ModelDescription model) {
    return ((Unet2d) model.architecture()).classes() > 0
        ? """
        from diffusers import UNet2DModel

        unet = UNet2DModel.from_pretrained("FOLDER", subfolder="unet")
        noise = unet(images, timesteps, class_labels=labels).sample\
        """
        : """
        from diffusers import DDPMPipeline

        pipeline = DDPMPipeline.from_pretrained("FOLDER")
        images = pipeline(batch_size=16).images\
        """;
  }
}
