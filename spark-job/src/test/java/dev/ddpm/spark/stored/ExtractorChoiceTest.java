package dev.ddpm.spark.stored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.evaluation.classifier.ClassifierFolder;
import dev.ddpm.evaluation.classifier.ClassifierPlan;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtractorChoiceTest {
  @TempDir Path folder;

  private static ExtractorSpec parse(String value) {
    return ExtractorChoice.parse("--extractor", value, new Configuration());
  }

  @Test
  void aClassifierIsReadFromItsFolder() {
    var plan = new ClassifierPlan(6, 6, 1, 2);
    NamedTensors zeros = new NamedTensors();
    plan.tensors().forEach(t -> zeros.add(t, new float[(int) t.size()]));
    ClassifierFolder.write(new LocalFileStore(folder), plan, List.of(), zeros, Map.of());

    assertThat(parse("classifier:" + folder).settings()).containsEntry("input", "6×6×1");
  }

  @Test
  void theClassifierThatComesWithTheProgramIsComplete() {
    assertThat(parse("fashion-mnist").settings())
        .containsEntry("kind", "classifier")
        .containsEntry("input", "28×28×1");
  }

  /** The tests of the jobs run without it, as the jobs do. */
  @Test
  void whatAddsOnnxRuntimeIsTold() throws IOException {
    Path file = Files.write(folder.resolve("a.onnx"), new byte[] {1});

    assertThatThrownBy(() -> parse("onnx:" + file))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            file
                + " needs ONNX Runtime, which is not on the class path: put --conf"
                + " spark.jars.packages=com.microsoft.onnxruntime:onnxruntime:1.26.0 before the"
                + " command.");
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThatThrownBy(() -> parse("onnx:" + folder.resolve("no.onnx") + ",range=0..1"))
        .isInstanceOf(DdpmException.class)
        .hasMessage("--extractor = onnx:" + folder.resolve("no.onnx") + ": does not exist.");
    assertThatThrownBy(() -> parse("classifier:" + folder))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("is not a folder that 'ddpm classifier' has written");
    assertThatThrownBy(() -> parse("classifier"))
        .hasMessage("--extractor = classifier: names no folder; it is written classifier:FOLDER.");
    assertThatThrownBy(() -> parse("inception"))
        .hasMessage(
            "--extractor = inception: must be pixels or fashion-mnist or classifier:FOLDER or"
                + " onnx:FILE.");
  }
}
