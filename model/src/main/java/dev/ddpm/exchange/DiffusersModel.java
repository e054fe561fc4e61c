package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Preset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A model of the diffusers library: the folder of a pipeline, or of its network alone beside which
 * the scheduler's may be.
 */
public final class DiffusersModel implements ForeignModel {
  private static final String PIPELINE = "model_index.json";
  private static final String NETWORK = "config.json";
  private static final String SCHEDULER = "scheduler_config.json";

  /** In the order in which they are looked for: those that are read as they stand come first. */
  private static final List<String> WEIGHTS =
      List.of(
          "diffusion_pytorch_model.safetensors",
          "diffusion_pytorch_model.bin",
          "diffusion_pytorch_model.fp16.safetensors",
          "diffusion_pytorch_model.fp16.bin");

  private final Path folder;
  private final JsonOptions network;
  private final DiffusersScheduler scheduler;
  private final List<Path> weights;
  private final Optional<Integer> height;
  private final Optional<Integer> width;

  /**
   * Finds the files.
   *
   * @param source folder of a pipeline or network
   * @param height of the images, where it is not to be that of the file
   * @param width likewise
   * @throws DdpmException (data) if it is neither, or of something that is not known here
   */
  public DiffusersModel(Path source, Optional<Integer> height, Optional<Integer> width) {
    boolean pipeline = Files.isRegularFile(source.resolve(PIPELINE));
    this.folder = pipeline ? source.resolve("unet") : source;
    if (!Files.isRegularFile(folder.resolve(NETWORK))) {
      throw DdpmException.data(
          "%s is no folder of diffusers: there is no %s, and no %s in it.",
          source, PIPELINE, NETWORK);
    }
    this.network = JsonOptions.read(folder.resolve(NETWORK));
    Path above = folder.toAbsolutePath().normalize().getParent();
    Path options =
        Files.isRegularFile(folder.resolve(SCHEDULER)) || above == null
            ? folder.resolve(SCHEDULER)
            : above.resolve("scheduler").resolve(SCHEDULER);
    if (pipeline && !Files.isRegularFile(options)) {
      throw DdpmException.data("%s does not exist.", options);
    }
    this.scheduler =
        new DiffusersScheduler(
            Files.isRegularFile(options) ? JsonOptions.read(options) : JsonOptions.none(options));
    this.weights = find();
    this.height = height;
    this.width = width;
  }

  private List<Path> find() {
    for (String name : WEIGHTS) {
      Path index = folder.resolve(name + ".index.json");
      if (Files.isRegularFile(folder.resolve(name))) {
        return List.of(folder.resolve(name));
      }
      if (Files.isRegularFile(index)) {
        List<Path> parts = new ArrayList<>();
        for (String part : JsonOptions.read(index).valuesOf("weight_map")) {
          if (!part.matches("[\\w.-]+") || part.startsWith(".")) {
            throw DdpmException.data(
                "%s: weight_map has %s, which is no name of a file beside it.",
                index, StateDicts.shortened(part));
          }
          parts.add(folder.resolve(part));
        }
        if (parts.isEmpty()) {
          throw DdpmException.data("%s: weight_map is empty.", index);
        }
        return parts;
      }
    }
    throw DdpmException.data("%s has no weights: there is no %s.", folder, WEIGHTS.get(0));
  }

  @Override
  public List<Path> weights() {
    return weights;
  }

  @Override
  public String name(String foreign) {
    return DiffusersNames.current(foreign);
  }

  @Override
  public ModelDescription description(List<TensorHeader> tensors) {
    Map<String, String> provenance = new TreeMap<>();
    String version = network.text("_diffusers_version", "");
    if (!version.isEmpty()) {
      provenance.put("import.diffusers", version);
    }
    ModelDescription description =
        new ModelDescription(
                DiffusersNetwork.read(network, tensors, height, width),
                scheduler.schedule(),
                scheduler.prediction(),
                Preset.PAPER,
                DataRange.MINUS_ONE_TO_ONE,
                provenance)
            .withSampling(scheduler.sampling());
    scheduler.requireRest();
    return description;
  }
}
