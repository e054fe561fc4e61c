package dev.ddpm.spark.classify;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.evaluation.classifier.ClassifierSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.dataset.TableDescription;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.sql.Column;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ClassifierJobTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path shared;
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();

  @BeforeAll
  static void makeTables() {
    TinyExperiment.ingest(SPARK.session(), shared.resolve("table").toString());
    TinyExperiment.ingest(SPARK.session(), shared.resolve("other").toString(), 16, 16);
    RawTable.of(SPARK.session(), 4, 4, Collections.nCopies(20, new byte[16]))
        .write()
        .parquet(shared.resolve("unlabelled").toString());
    write("alike", lit(0), 4, 4);
    write("high", lit(Integer.MAX_VALUE), 4, 4);
    writeNamed("named", List.of("a", "b"));
    writeNamed("renamed", List.of("b", "a"));
  }

  private static void writeNamed(String name, List<String> labelNames) {
    write(name, col("id").mod(2).cast("int"), 4, 4);
    new TableDescription(20, 4, 4, 1, labelNames, "test", "none", 0, "test", null)
        .write(
            new org.apache.hadoop.fs.Path(shared.resolve(name).toString()),
            SPARK.session().sparkContext().hadoopConfiguration());
  }

  private static void write(String name, Column label, int height, int width) {
    RawTable.of(SPARK.session(), height, width, Collections.nCopies(20, new byte[height * width]))
        .withColumn("label", label)
        .write()
        .parquet(shared.resolve(name).toString());
  }

  private ClassifierJob.Result run(
      String table, Optional<String> test, String output, long images) {
    var request =
        new ClassifierJob.Request(
            shared.resolve(table).toString(),
            test.map(name -> shared.resolve(name).toString()),
            folder.resolve(output).toString(),
            OptionalLong.of(images),
            60,
            3);
    return new ClassifierJob(SPARK.session(), new PrintWriter(out, true)).run(request);
  }

  /** From all images to a classifier that knows them again, and twice to the same bytes. */
  @Test
  void learnsTheClassesOfATable() throws IOException {
    ClassifierJob.Result result = run("table", Optional.of("table"), "first", 64);
    run("table", Optional.of("table"), "second", 64);

    assertThat(result.heldOut()).isEqualTo(64);
    assertThat(result.right()).isGreaterThan(55);
    assertThat(out.toString().lines())
        .startsWith("Training on 64 images of 10 classes.")
        .anyMatch(line -> line.matches("Epoch 60 of 60: loss \\d\\.\\d{4}"));
    for (String file : new String[] {"weights.safetensors", "classifier.json"}) {
      assertThat(Files.readAllBytes(folder.resolve("second").resolve(file)))
          .isEqualTo(Files.readAllBytes(folder.resolve("first").resolve(file)));
    }
    assertThat(folder.resolve("first/classifier.json"))
        .content()
        .contains("\"accuracy\" : \"" + result.accuracy() + "\"");
    ClassifierSpec spec = ClassifierSpec.read(new LocalFileStore(folder.resolve("first")));
    try (FeatureExtractor extractor = spec.open(new ImageShape(28, 28, 1))) {
      assertThat(extractor.features()).isEqualTo(64);
    }
  }

  @Test
  void aTenthIsHeldOut() {
    ClassifierJob.Result result = run("table", Optional.empty(), "classifier", 50);

    assertThat(result.heldOut()).isEqualTo(5);
    assertThat(out.toString()).startsWith("Training on 45 images");
  }

  @Test
  void whatCannotBeLearntIsRefused() {
    assertThatThrownBy(() -> run("unlabelled", Optional.empty(), "o", 20))
        .isInstanceOf(DdpmException.class)
        .hasMessageEndingWith(
            "unlabelled: image 0 has no label: a classifier needs the class of every image, from 0"
                + " on.");
    assertThatThrownBy(() -> run("table", Optional.of("other"), "o", 64))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("has images of 16×16×1 in 10 classes, but those of --data")
        .hasMessageEndingWith("are of 16×12×1 in 10.");
    assertThatThrownBy(() -> run("table", Optional.empty(), "o", 9))
        .isInstanceOf(DdpmException.class)
        .hasMessageEndingWith(
            "has 9 images, of which one in 10 is held out: at least 10 are needed.");
    assertThatThrownBy(() -> run("alike", Optional.empty(), "o", 20))
        .isInstanceOf(DdpmException.class)
        .hasMessageEndingWith(
            "alike: has labels up to 0: a classifier tells 2 to 10,000 classes apart, numbered from"
                + " 0 on.");
    assertThatThrownBy(() -> run("high", Optional.empty(), "o", 20))
        .hasMessageContaining("high: has labels up to 2147483647: ");
    assertThatThrownBy(() -> run("named", Optional.of("renamed"), "o", 20))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("renamed: has other classes (b, a) than --data = ")
        .hasMessageEndingWith("/named (a, b).");
    assertThat(folder.resolve("o")).doesNotExist();
  }

  /** A classifier knows what its classes are called, for others to ask for them by name. */
  @Test
  void namesOfClassesAreKept() {
    run("named", Optional.empty(), "classifier", 20);

    assertThat(
            ClassifierSpec.read(new LocalFileStore(folder.resolve("classifier")))
                .classes()
                .orElseThrow()
                .names())
        .containsExactly("a", "b");
  }
}
