package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.NamedTensors;
import java.io.IOException;
import java.util.function.Function;

/** A form that another system reads models in. */
public interface ForeignForm {

  /**
   * Checks that a model can be had in this form.
   *
   * @throws DdpmException (user) if not, with the reason
   */
  void require(ModelDescription model);

  /**
   * Writes the files.
   *
   * @param folders gives the output folder for the empty name, and folders in it
   * @param model that {@link #require} has passed
   * @param weights its state dict
   */
  void write(Function<String, FileStore> folders, ModelDescription model, NamedTensors weights)
      throws IOException;

  /** A program in Python that loads what was written from {@code FOLDER}. */
  String usage(ModelDescription model);
}
