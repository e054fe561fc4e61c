package dev.ddpm.spark.evaluate;

import static org.apache.spark.sql.functions.rand;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.classifier.Classifier;
import dev.ddpm.evaluation.classifier.ClassifierSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.evaluation.extractor.ImageInput;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The classifier and the images that come with the program. */
class ShippedClassifierTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final Path SHIPPED = Path.of("data/fashion-mnist-10k");

  /** More than a file of features holds. */
  private static final int IMAGES = 1100;

  private static final ClassifierSpec SPEC = ClassifierSpec.fashionMnist();

  @TempDir Path folder;

  private static List<ImageRow> images;

  @BeforeAll
  static void read() {
    images = new ArrayList<>(reader(SHIPPED).rows(id -> id < IMAGES).collect());
    images.sort(Comparator.comparingLong(ImageRow::id));
  }

  private static ImageTableReader reader(Path table) {
    return ImageTableReader.open(SPARK.session(), table.toString());
  }

  @Test
  void knowsShippedImages() {
    Classifier classifier = SPEC.classifier();
    ImageInput input = SPEC.input(reader(SHIPPED).imageShape());
    float[] prepared = new float[SPEC.plan().input().size()];

    long right =
        images.stream()
            .filter(
                image -> {
                  input.prepare(image.pixels(), prepared);
                  return classifier.classOf(prepared) == image.label();
                })
            .count();

    assertThat(right).isGreaterThan(1000);
  }

  /** Those of one thread that knows no Spark, in files that are cut and ordered otherwise. */
  @Test
  void theFeaturesDoNotDependOnTheFilesOfTheTable() {
    Path other = folder.resolve("table");
    reader(SHIPPED)
        .table()
        .where("id < " + IMAGES)
        .orderBy(rand(1))
        .repartition(5)
        .write()
        .parquet(other.toString());

    float[] features = features(other, folder.resolve("b"));

    assertThat(features).isEqualTo(features(SHIPPED, folder.resolve("a"))).isEqualTo(alone());
  }

  /** Guards the bits on every machine: figures of equal settings are compared. */
  @Test
  void theBitsAreFixed() {
    ByteBuffer bytes = ByteBuffer.allocate(IMAGES * 64 * Float.BYTES);
    bytes.asFloatBuffer().put(alone());
    CRC32 sum = new CRC32();
    sum.update(bytes.array());

    assertThat(SPEC.settings())
        .containsEntry(
            "weights", "sha256:6e857aee222d385482c7cecb7305add3dc427ee3185f2265d4e3a73269db7ed5");
    assertThat(sum.getValue()).isEqualTo(303_588_304L);
  }

  private static float[] features(Path table, Path cache) {
    ImageSet set =
        new ImageSet("--data", table.toString(), reader(table), IMAGES, Map.of(), List.of());
    try (ClusterJob job = ClusterJob.start(SPARK.context("local[2]"), BackendChoice.DEFAULT)) {
      FeatureView view =
          new FeatureJob(SPEC, cache.toString(), new PrintWriter(Writer.nullWriter()))
              .run(job, set);
      float[] all = new float[IMAGES * view.features()];
      int at = 0;
      for (int shard = 0; shard < view.shards(); shard++) {
        FeatureRows rows = view.read(shard, new Configuration());
        for (int row = 0; row < rows.count(); row++) {
          for (int i = 0; i < view.features(); i++) {
            all[at++] = rows.at(row, i);
          }
        }
      }
      assertThat(at).isEqualTo(all.length);
      return all;
    }
  }

  private static float[] alone() {
    try (FeatureExtractor extractor = SPEC.open(reader(SHIPPED).imageShape())) {
      float[] all = new float[IMAGES * extractor.features()];
      for (int i = 0; i < IMAGES; i++) {
        extractor.extract(images.get(i).pixels(), all, i * extractor.features());
      }
      return all;
    }
  }
}
