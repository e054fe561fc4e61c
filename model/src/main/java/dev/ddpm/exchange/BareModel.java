package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.network.Architecture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Weights alone, in one file, of a network that the user describes. */
public final class BareModel implements ForeignModel {
  private final Path file;
  private final ModelDescription description;

  /**
   * Reads nothing yet.
   *
   * @param file of the weights
   * @throws DdpmException (data) if there is no such file
   */
  public BareModel(Path file, Architecture architecture, Conventions conventions) {
    if (!Files.isRegularFile(file)) {
      throw DdpmException.data("%s does not exist, or is no file.", file);
    }
    this.file = file;
    this.description = conventions.of(architecture);
  }

  @Override
  public List<Path> weights() {
    return List.of(file);
  }

  @Override
  public ModelDescription description(List<TensorHeader> tensors) {
    return description;
  }

  /** Networks of diffusers had other names for the same layers. */
  @Override
  public String name(String foreign) {
    return DiffusersNames.current(foreign);
  }
}
