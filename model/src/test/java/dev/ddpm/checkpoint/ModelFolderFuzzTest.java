package dev.ddpm.checkpoint;

import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.fuzz.Fuzz;
import dev.ddpm.network.LabmlUNet;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damage to any file of a model folder is noticed. */
class ModelFolderFuzzTest {
  private static final String MODEL = "model.json";
  private static final List<TensorHeader> HEADERS =
      List.of(
          new TensorHeader("conv.weight", List.of(16, 3, 3, 3)),
          new TensorHeader("conv.bias", List.of(16)));

  @TempDir private Path folder;

  @BeforeEach
  void write() {
    ModelFolder.write(
        new LocalFileStore(folder),
        new ModelDescription(
            new LabmlUNet(3, 16, 8, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1),
            new ScheduleSpec.Linear(1000, 1e-4, 0.02),
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of("run", "first", "author", "é")),
        Map.of(TensorFile.WEIGHTS, tensors(1), TensorFile.EMA, tensors(2)),
        Optional.of(new TrainingState(4000, 250, 3, 1280, -7)));
  }

  private static NamedTensors tensors(float value) {
    NamedTensors tensors = new NamedTensors();
    for (TensorHeader header : HEADERS) {
      float[] elements = new float[(int) header.size()];
      for (int i = 0; i < elements.length; i++) {
        elements[i] = value + i;
      }
      tensors.add(header, elements);
    }
    return tensors;
  }

  private List<Object> model() {
    ModelFolder model = ModelFolder.open(new LocalFileStore(folder));
    return List.of(
        model.description(),
        model.training(),
        model.has(TensorFile.EMA),
        elements(model, TensorFile.WEIGHTS),
        elements(model, TensorFile.EMA));
  }

  private static List<List<Float>> elements(ModelFolder model, TensorFile file) {
    List<List<Float>> elements = new ArrayList<>();
    model.read(file, HEADERS, (header, values) -> elements.add(floats(values)));
    return elements;
  }

  private static List<Float> floats(float[] values) {
    List<Float> floats = new ArrayList<>();
    for (float value : values) {
      floats.add(value);
    }
    return floats;
  }

  private Fuzz fuzz(String file, byte[] good) {
    return new Fuzz(
        good,
        bytes -> {
          Files.write(folder.resolve(file), bytes);
          return model();
        });
  }

  @Test
  void description() throws Exception {
    fuzz(MODEL, Files.readAllBytes(folder.resolve(MODEL))).run();
  }

  /** As version 2 wrote it, without a digest. */
  @Test
  void descriptionWithoutDigest() throws Exception {
    byte[] json = Files.readAllBytes(folder.resolve(MODEL));
    String second =
        new String(SelfDigest.removeFrom(json, MODEL), StandardCharsets.UTF_8)
            .replaceFirst("\"format_version\" : \\d+", "\"format_version\" : 2")
            .replace("    \"sampling\" : { },\n", "");
    fuzz(MODEL, second.getBytes(StandardCharsets.UTF_8)).withoutChecksum().run();
  }

  @Test
  void trainingState() throws Exception {
    fuzz("training.json", Files.readAllBytes(folder.resolve("training.json"))).run();
  }

  @Test
  void weights() throws Exception {
    String file = TensorFile.WEIGHTS.fileName();
    fuzz(file, Files.readAllBytes(folder.resolve(file))).run();
  }

  @Test
  void safetensorsAlone() throws Exception {
    byte[] good = Files.readAllBytes(folder.resolve(TensorFile.WEIGHTS.fileName()));
    new Fuzz(good, ModelFolderFuzzTest::tensors).withoutChecksum().run();
  }

  private static List<Object> tensors(byte[] bytes) throws IOException {
    List<Object> read = new ArrayList<>();
    try (SafetensorsReader reader =
        new SafetensorsReader(new ByteArrayInputStream(bytes), "some.safetensors")) {
      for (TensorHeader header : reader.tensors()) {
        read.add(header);
        read.add(floats(reader.readFloats()));
      }
      reader.expectEnd();
    }
    return read;
  }
}
