package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.TensorHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model of labml.ai's annotated implementation: a file {@code eps_model.pth}, the folder of a
 * checkpoint that has one, or the folder of a run with {@code checkpoints/STEP/}, of which the
 * newest is taken.
 */
public final class LabmlModel implements ForeignModel {
  /** How the implementation calls the file of its network. */
  public static final String WEIGHTS = "eps_model.pth";

  private static final String CHECKPOINTS = "checkpoints";

  private final Path file;
  private final LabmlShapes.Unseen unseen;
  private final Conventions conventions;

  /**
   * Finds the file.
   *
   * @param source file or folder
   * @param unseen what shapes do not tell
   * @param conventions usually those of the preset labml
   * @throws DdpmException (data) if there is no model
   */
  public LabmlModel(Path source, LabmlShapes.Unseen unseen, Conventions conventions) {
    this.file = find(source);
    this.unseen = unseen;
    this.conventions = conventions;
  }

  private static Path find(Path source) {
    if (Files.isRegularFile(source)) {
      return source;
    }
    if (!Files.isDirectory(source)) {
      throw DdpmException.data("%s does not exist.", source);
    }
    if (Files.isRegularFile(source.resolve(WEIGHTS))) {
      return source.resolve(WEIGHTS);
    }
    Path folder =
        Files.isDirectory(source.resolve(CHECKPOINTS)) ? source.resolve(CHECKPOINTS) : source;
    return newest(folder)
        .orElseThrow(
            () ->
                DdpmException.data(
                    "%s has no %s, and no %s/STEP/%s.", source, WEIGHTS, CHECKPOINTS, WEIGHTS));
  }

  private static Optional<Path> newest(Path folder) {
    try (Stream<Path> inside = Files.list(folder)) {
      return inside
          .filter(path -> path.getFileName().toString().matches("\\d{1,18}"))
          .filter(path -> Files.isRegularFile(path.resolve(WEIGHTS)))
          .max(Comparator.comparingLong(path -> Long.parseLong(path.getFileName().toString())))
          .map(path -> path.resolve(WEIGHTS));
    } catch (IOException e) {
      throw WeightsFile.unreadable(e, folder);
    }
  }

  @Override
  public List<Path> weights() {
    return List.of(file);
  }

  @Override
  public ModelDescription description(List<TensorHeader> tensors) {
    return conventions.of(new LabmlShapes(file.toString(), tensors).architecture(unseen));
  }
}
