package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.Architecture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/** Weights alone, in one file, of a network that the user describes. */
public final class BareModel implements ForeignModel {
  /** What the rows of the embedding of classes are called in networks of either kind. */
  private static final Set<String> EMBEDDINGS =
      Set.of("class_emb.weight", "class_embedding.weight");

  private final Path file;
  private final IntFunction<Architecture> architecture;
  private final boolean unlabelled;
  private final Conventions conventions;

  /**
   * Reads nothing yet.
   *
   * @param file of the weights
   * @param architecture by the rows of its embedding of classes; 0 for none
   * @param unlabelled whether the last of these is that of no class
   * @throws DdpmException (data) if there is no such file
   */
  public BareModel(
      Path file,
      IntFunction<Architecture> architecture,
      boolean unlabelled,
      Conventions conventions) {
    if (!Files.isRegularFile(file)) {
      throw DdpmException.data("%s does not exist, or is no file.", file);
    }
    this.file = file;
    this.architecture = architecture;
    this.unlabelled = unlabelled;
    this.conventions = conventions;
  }

  @Override
  public List<Path> weights() {
    return List.of(file);
  }

  @Override
  public ModelDescription description(List<TensorHeader> tensors) {
    int rows =
        tensors.stream()
            .filter(tensor -> EMBEDDINGS.contains(tensor.name()) && !tensor.shape().isEmpty())
            .mapToInt(tensor -> tensor.shape().get(0))
            .findFirst()
            .orElse(0);
    ModelDescription numbered = conventions.of(architecture.apply(rows));
    if (!unlabelled) {
      return numbered;
    }
    if (rows < 2) {
      throw DdpmException.data(
          "%s: the network has %s.",
          file,
          rows == 0
              ? "no embedding of classes; set model.classes = none"
              : "one class only, which model.classes = labels takes for that of no class");
    }
    return numbered.withClasses(
        new ClassLabels(ClassLabels.numbered(rows - 1).names(), /* unlabelled= */ true));
  }

  /** Networks of diffusers had other names for the same layers. */
  @Override
  public String name(String foreign) {
    return DiffusersNames.current(foreign);
  }
}
