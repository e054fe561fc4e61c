package dev.ddpm.exchange;

import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsWriter;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.golden.GoldenFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Folders of diffusers 0.21.4 whose networks there are golden files of. */
public final class GoldenFolder {
  /** What the golden files have beside the weights. */
  private static final String RESULTS =
      "grad[.].*|x|t|noise|class_labels|x_t|eps_theta|loss|loop[.].*";

  private GoldenFolder() {}

  /**
   * Writes a folder as {@code save_pretrained} left it.
   *
   * @param name of the golden file, as {@code ho_small}
   * @return the folder of the pipeline
   */
  public static Path write(String name, Path to) throws IOException {
    Files.createDirectories(to.resolve("unet"));
    Files.createDirectories(to.resolve("scheduler"));
    Files.writeString(to.resolve("model_index.json"), "{\"_class_name\": \"DDPMPipeline\"}");
    copy(name, "config.json", to.resolve("unet"));
    copy(name, "scheduler_config.json", to.resolve("scheduler"));
    GoldenFile golden = GoldenFile.open("unet2d_" + name);
    NamedTensors weights = new NamedTensors();
    for (TensorHeader tensor : golden.tensors()) {
      if (!tensor.name().matches(RESULTS)) {
        weights.add(tensor, golden.values(tensor.name()));
      }
    }
    try (OutputStream out =
        Files.newOutputStream(to.resolve("unet/diffusion_pytorch_model.safetensors"))) {
      SafetensorsWriter.write(out, weights);
    }
    return to;
  }

  private static void copy(String name, String file, Path to) throws IOException {
    String resource = "/golden/diffusers/" + name + "/" + file;
    try (InputStream in =
        Objects.requireNonNull(GoldenFolder.class.getResourceAsStream(resource), resource)) {
      Files.copy(in, to.resolve(file));
    }
  }

  /**
   * Imports a golden folder.
   *
   * @param folder for both, new
   */
  public static ModelFolder imported(String name, Path folder) throws IOException {
    Path source = write(name, folder.resolve("diffusers"));
    return imported(
        new DiffusersModel(source, Optional.empty(), Optional.empty()), folder.resolve("model"));
  }

  /** As the import does it. */
  static ModelFolder imported(ForeignModel model, Path to) throws IOException {
    List<WeightsFile> files = new ArrayList<>();
    for (Path file : model.weights()) {
      files.add(WeightsFile.open(file, Optional.empty()));
    }
    NamedTensors named = model.named(files);
    ModelDescription description = model.description(named.headers());
    ModelFolder written =
        ModelFolder.write(
            new LocalFileStore(to),
            description,
            Map.of(
                TensorFile.WEIGHTS,
                FittingTensors.of("weights", named, description.architecture())),
            Optional.empty());
    for (WeightsFile file : files) {
      file.close();
    }
    return written;
  }
}
