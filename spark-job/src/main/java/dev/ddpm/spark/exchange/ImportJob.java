package dev.ddpm.spark.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.exchange.ExportedClasses;
import dev.ddpm.exchange.FittingTensors;
import dev.ddpm.exchange.ForeignModel;
import dev.ddpm.exchange.WeightsFile;
import dev.ddpm.spark.cluster.ProgramVersion;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.io.NamedFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * Makes a model folder of another system's model. The weights are copied to the bit where they are
 * 32-bit floats, and widened where they are shorter; one tensor is in memory at a time.
 */
public final class ImportJob {
  private final Configuration configuration;

  /** Touches nothing before {@link #run}. */
  public ImportJob(Configuration configuration) {
    this.configuration = configuration;
  }

  /**
   * What is to be imported.
   *
   * @param kind whose model
   * @param source path of a file or folder
   * @param output path of the model folder: new or empty
   * @param stateDict which of several state dicts in a file
   * @param settings what the files do not tell
   */
  public record Request(
      ImportKind kind,
      String source,
      String output,
      Optional<String> stateDict,
      ImportKind.Settings settings) {}

  /**
   * What was imported.
   *
   * @param model what it is
   * @param parameters number of its weights
   * @param tensors number of its tensors
   */
  public record Result(ModelDescription model, long parameters, int tensors) {}

  /**
   * Imports a model.
   *
   * @throws DdpmException (data) if it is damaged, unknown, or asks for more than to be read;
   *     (user) for a wrong setting, or an output folder that is in use
   */
  public Result run(Request request) {
    NamedFolder output =
        NamedFolder.of("--output", request.output(), configuration)
            .requireEmpty()
            .requireWritable();
    try (LocalCopy source = LocalCopy.of("SOURCE", request.source(), configuration)) {
      ForeignModel model = request.kind().open(source.path(), request.settings());
      return write(request, model, output);
    }
  }

  private static Result write(Request request, ForeignModel model, NamedFolder output) {
    List<WeightsFile> files = new ArrayList<>();
    try {
      for (Path file : model.weights()) {
        files.add(WeightsFile.open(file, request.stateDict()));
      }
      NamedTensors named = model.named(files);
      ModelDescription told = model.description(named.headers());
      for (int i = 0; i < files.size(); i++) {
        String name = model.weights().get(i).toString();
        told = ExportedClasses.restored(told, name, files.get(i).metadata());
      }
      ModelDescription description = describe(request, told);
      NamedTensors weights =
          FittingTensors.of(model.weights().get(0).toString(), named, description.architecture());
      ModelFolder.write(
          output.store(), description, Map.of(TensorFile.WEIGHTS, weights), Optional.empty());
      return new Result(
          description,
          weights.headers().stream().mapToLong(header -> header.size()).sum(),
          weights.headers().size());
    } finally {
      files.forEach(ImportJob::close);
    }
  }

  private static ModelDescription describe(Request request, ModelDescription model) {
    Map<String, String> provenance = new TreeMap<>(model.provenance());
    provenance.put("import.from", Word.of(request.kind()));
    provenance.put("import.source", request.source());
    request.stateDict().ifPresent(name -> provenance.put("import.state-dict", name));
    provenance.put("import.version", ProgramVersion.ofJar());
    return model.withProvenance(provenance);
  }

  private static void close(WeightsFile file) {
    try {
      file.close();
    } catch (IOException e) {
      throw DdpmException.environment(e, "A file of weights cannot be closed: %s.", e.getMessage());
    }
  }
}
