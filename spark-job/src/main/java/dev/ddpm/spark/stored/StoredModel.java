package dev.ddpm.spark.stored;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** A trained model as sampling needs it: what it is, one set of weights, and their identity. */
public final class StoredModel {
  private final ModelFolder folder;
  private final TensorFile file;
  private final float[] weights;

  private StoredModel(ModelFolder folder, TensorFile file) {
    this.folder = folder;
    this.file = file;
    this.weights =
        new FlatTensors(ParameterLayout.of(folder.description().architecture())).read(folder, file);
  }

  /**
   * Opens the folder of a model.
   *
   * @param path a model folder, or a run folder with one in {@code model/}
   * @throws DdpmException (data) if there is no model, or its description is damaged
   */
  public static ModelFolder open(String path, Configuration configuration) {
    var inRun = new HadoopFileStore(path + "/model", configuration);
    var given = new HadoopFileStore(path, configuration);
    boolean finished = isModel(inRun);
    if (!finished && !isModel(given)) {
      newestCheckpoint(path, configuration)
          .ifPresent(
              checkpoint -> {
                throw DdpmException.data(
                    "%s has no model, because its training did not come to its end. A checkpoint is"
                        + " a model, too; the newest is %s.",
                    path, checkpoint);
              });
    }
    return ModelFolder.open(finished ? inRun : given);
  }

  private static Optional<String> newestCheckpoint(String run, Configuration configuration) {
    Path folder = new Path(run, "checkpoints");
    try {
      return Arrays.stream(folder.getFileSystem(configuration).listStatus(folder))
          .map(status -> status.getPath().getName())
          .filter(name -> CheckpointName.round(name).isPresent())
          .filter(name -> isModel(new HadoopFileStore(folder + "/" + name, configuration)))
          .max(Comparator.comparingLong(name -> CheckpointName.round(name).orElseThrow()))
          .map(name -> folder + "/" + name);
    } catch (IOException | IllegalArgumentException noRun) {
      return Optional.empty();
    }
  }

  /**
   * Reads a model.
   *
   * @param path a model folder, or a run folder with one in {@code model/}
   * @param choice which weights; a model without an average has only its last
   * @throws DdpmException (data) if there is no model, or it is damaged
   */
  public static StoredModel read(String path, WeightChoice choice, Configuration configuration) {
    ModelFolder folder = open(path, configuration);
    return new StoredModel(folder, choice.in(folder));
  }

  private static boolean isModel(HadoopFileStore store) {
    try {
      return store.exists("model.json");
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be read: %s.", store.location("model.json"), e.getMessage());
    }
  }

  /**
   * Opens a table of images as the model makes them.
   *
   * @param path of the table, as option {@code --data} has it
   * @throws DdpmException (user) if they are of another size
   */
  public ImageTableReader table(SparkSession spark, String path) {
    ImageTableReader reader = ImageTableReader.open(spark, path);
    ImageShape made = description().architecture().imageShape();
    if (!reader.imageShape().equals(made)) {
      throw DdpmException.user(
          "--data = %s: has images of %s, but the model makes %s.",
          path, reader.imageShape(), made);
    }
    return reader;
  }

  /** What the model is. */
  public ModelDescription description() {
    return folder.description();
  }

  /**
   * A network with its weights, as tasks build it.
   *
   * @param backend what it computes with
   */
  public Pretrained network(BackendChoice backend) {
    return new Pretrained(description().architecture(), new WireFloats(weights), backend);
  }

  /** Identity of description and weights, 64 hexadecimal digits. */
  public String hash() {
    return folder.modelHash(file);
  }
}
