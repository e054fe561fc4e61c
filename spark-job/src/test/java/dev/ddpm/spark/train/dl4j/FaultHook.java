package dev.ddpm.spark.train.dl4j;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Faults in the middle of a worker's round, through DL4J's own hook: each strikes once, before the
 * step that has a certain image, and leaves a file that says so.
 */
final class FaultHook implements TrainingHook {
  private static final long serialVersionUID = 1L;

  /** What goes wrong. */
  enum Kind {
    /** The process ends at once, as by kill -9. */
    HALT,
    /** The task throws. */
    THROW,
    /** The weights become infinite. */
    BLOW_UP
  }

  /** A fault at the first step that has an image. */
  record Fault(Kind kind, long image) implements Serializable {}

  private final String folder;
  private final List<Fault> faults;

  /**
   * Faults.
   *
   * @param folder where the files of those that have struck are
   */
  FaultHook(Path folder, List<Fault> faults) {
    this.folder = folder.toString();
    this.faults = faults;
  }

  /** The file of a fault that has struck. */
  static Path mark(Path folder, Fault fault) {
    return folder.resolve(fault.kind() + "-" + fault.image());
  }

  @Override
  public void preUpdate(MultiDataSet minibatch, Model model) {
    for (Fault fault : faults) {
      boolean here =
          LongStream.of(((ImageMinibatch) minibatch).images().ids())
              .anyMatch(id -> id == fault.image());
      if (here && isFirst(fault)) {
        strike(fault, (ComputationGraph) model);
      }
    }
  }

  private boolean isFirst(Fault fault) {
    try {
      Files.createFile(mark(Path.of(folder), fault));
      return true;
    } catch (FileAlreadyExistsException struck) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void strike(Fault fault, ComputationGraph model) {
    switch (fault.kind()) {
      case HALT -> Runtime.getRuntime().halt(137);
      case THROW -> throw new IllegalStateException("a fault at image " + fault.image());
      case BLOW_UP -> model.params().assign(Float.POSITIVE_INFINITY);
    }
  }

  @Override
  public void postUpdate(MultiDataSet minibatch, Model model) {}

  @Override
  public void preUpdate(DataSet minibatch, Model model) {}

  @Override
  public void postUpdate(DataSet minibatch, Model model) {}
}
