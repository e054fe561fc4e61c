package dev.ddpm.spark.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.exchange.ForeignForm;
import dev.ddpm.exchange.ModelCard;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.spark.config.WeightChoice;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.stored.StoredModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;

/** Writes a model for another system, with a card that tells people what it is. */
public final class ExportJob {
  private static final String CARD = "README.md";
  private static final String PICTURE = "samples.png";

  private final Configuration configuration;

  /** Touches nothing before {@link #run}. */
  public ExportJob(Configuration configuration) {
    this.configuration = configuration;
  }

  /**
   * What is to be exported.
   *
   * @param kind the form
   * @param model path of a model or run folder
   * @param output path of the output folder: new or empty
   * @param weights which
   * @param licence of the weights, for the card
   */
  public record Request(
      ExportKind kind,
      String model,
      String output,
      WeightChoice weights,
      Optional<String> licence) {}

  /**
   * Exports a model.
   *
   * @return number of parameters
   * @throws DdpmException (user) if the model cannot be had in that form, or the output folder is
   *     in use; (data) if the model is damaged
   */
  public long run(Request request) {
    ModelFolder folder = StoredModel.open(request.model(), configuration);
    ModelDescription model = folder.description();
    ForeignForm form = request.kind().form();
    form.require(model);
    NamedFolder output =
        NamedFolder.of("--output", request.output(), configuration)
            .requireEmpty()
            .requireWritable();
    TensorFile file = request.weights().in(folder);
    List<TensorHeader> headers =
        ParameterLayout.of(model.architecture()).tensors().stream()
            .map(tensor -> new TensorHeader(tensor.name(), tensor.shape()))
            .toList();
    folder.require(file, headers);
    NamedTensors weights = folder.read(file, headers);
    String path = output.path().toString();
    Function<String, FileStore> folders =
        inside -> new HadoopFileStore(inside.isEmpty() ? path : path + "/" + inside, configuration);
    try {
      form.write(folders, model, weights);
      card(request, folder, file, weights, folders.apply(""));
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "--output = %s: cannot be written: %s.", request.output(), e.getMessage());
    }
    return headers.stream().mapToLong(TensorHeader::size).sum();
  }

  /** Last: a folder with a card is complete. */
  private void card(
      Request request, ModelFolder folder, TensorFile file, NamedTensors weights, FileStore output)
      throws IOException {
    ModelDescription model = folder.description();
    String hash = folder.modelHash(file);
    RunFindings findings = new RunFindings(request.model(), hash, configuration);
    Optional<byte[]> picture = findings.contactSheet();
    if (picture.isPresent()) {
      output.create(PICTURE, out -> out.write(picture.get()));
    }
    String card =
        ModelCard.markdown(
            model,
            weights.headers(),
            new ModelCard.Facts(
                new org.apache.hadoop.fs.Path(request.model()).getName(),
                hash,
                request.licence(),
                findings.figures(),
                picture.isPresent() ? Map.of("Samples", PICTURE) : Map.of(),
                request.kind().form().usage(model)));
    output.create(CARD, out -> out.write(card.getBytes(StandardCharsets.UTF_8)));
  }
}
