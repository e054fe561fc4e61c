package dev.ddpm.exchange;

import dev.ddpm.checkpoint.FileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsWriter;
import java.io.IOException;
import java.util.function.Function;

/** Writes the weights of any network as a state dict in a safetensors file. */
public final class SafetensorsExport implements ForeignForm {
  private static final String WEIGHTS = "model.safetensors";

  @Override
  public void require(ModelDescription model) {
    // Every network is a state dict.
  }

  @Override
  public void write(
      Function<String, FileStore> folders, ModelDescription model, NamedTensors weights)
      throws IOException {
    folders
        .apply("")
        .create(
            WEIGHTS, out -> SafetensorsWriter.write(out, weights, ExportedClasses.metadata(model)));
  }

  @Override
  public String usage(ModelDescription model) {
    return """
    from safetensors.torch import load_file

    state_dict = load_file("FOLDER/%s")\
    """
        .formatted(WEIGHTS);
  }
}
