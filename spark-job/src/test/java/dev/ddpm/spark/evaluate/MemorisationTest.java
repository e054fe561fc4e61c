package dev.ddpm.spark.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.PixelsSpec;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.RawTable;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Copies that were planted among samples are found by name, and none among held-out images. */
class MemorisationTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();
  private static final int SIDE = 16;

  @TempDir static Path shared;
  @TempDir Path folder;

  private static List<byte[]> training;
  private static Path table;
  private static Path heldOut;

  @BeforeAll
  static void prepare() {
    training = images(80, 0);
    table = write("training", training);
    heldOut = write("held-out", images(40, 1000));
  }

  private static Path write(String name, List<byte[]> images) {
    Path path = shared.resolve(name);
    RawTable.of(SPARK.session(), SIDE, SIDE, images)
        .repartition(3)
        .write()
        .parquet(path.toString());
    return path;
  }

  private static List<byte[]> images(int count, long firstSeed) {
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      images.add(image(firstSeed + i));
    }
    return images;
  }

  /** Soft spots of light, and a little grain. */
  private static byte[] image(long seed) {
    Random random = new Random(seed);
    double[] spots = random.doubles(15, 0, SIDE).toArray();
    byte[] image = new byte[SIDE * SIDE];
    for (int i = 0; i < image.length; i++) {
      int y = i / SIDE;
      int x = i % SIDE;
      double level = 20 + 6 * random.nextDouble();
      for (int spot = 0; spot < 15; spot += 3) {
        double distance = Math.pow(y - spots[spot], 2) + Math.pow(x - spots[spot + 1], 2);
        level += 60 * Math.exp(-distance / (2 + spots[spot + 2]));
      }
      image[i] = (byte) Math.min(255, (int) level);
    }
    return image;
  }

  private interface Pixels {
    int at(byte[] image, int y, int x);
  }

  private static byte[] changed(byte[] image, Pixels pixels) {
    byte[] changed = new byte[image.length];
    for (int i = 0; i < changed.length; i++) {
      changed[i] = (byte) Math.min(255, pixels.at(image, i / SIDE, i % SIDE));
    }
    return changed;
  }

  private static int at(byte[] image, int y, int x) {
    return image[Math.min(SIDE - 1, y) * SIDE + Math.min(SIDE - 1, x)] & 0xff;
  }

  private Asked asked(Path samples, String output) {
    return new Asked(table, folder.resolve(output))
        .metrics(Set.of(MetricChoice.MEMORISATION))
        .samples(samples)
        .extractor(new PixelsSpec())
        .cache(shared.resolve("cache"));
  }

  private EvaluateJob.Result run(Path samples, String output) {
    return run(samples, output, heldOut);
  }

  private EvaluateJob.Result run(Path samples, String output, Path others) {
    return new EvaluateJob(SPARK.session(), new PrintWriter(new StringWriter()))
        .run(asked(samples, output).heldOut(others).request());
  }

  @Test
  void plantedCopiesAreFoundByName() {
    List<byte[]> samples = new ArrayList<>(images(30, 2000));
    samples.set(3, training.get(17));
    samples.set(9, changed(training.get(42), (image, y, x) -> at(image, y, SIDE - 1 - x)));
    samples.set(14, changed(training.get(5), (image, y, x) -> at(image, y, x) * 3 / 2 + 30));
    samples.set(28, changed(training.get(79), (image, y, x) -> at(image, y, x + 1)));

    EvaluateJob.Result result = run(write("planted", samples), "out");

    assertThat(result.summary())
        .containsEntry("memorisation_copies", 4)
        .containsEntry("memorisation_held_out_copies", 0L)
        .containsEntry("memorisation", 4 / 30.0)
        .containsEntry("held_out_images", 40L);
    assertThat(result.lines().get(0))
        .contains("sample 3 is image 17 of the table (test), as it is")
        .contains("sample 9 is image 42 of the table (test), mirrored")
        .contains("sample 14 is image 5 of the table (test), levels times 1.5")
        .contains("sample 28 is image 79 of the table (test), shifted by (0, -1) pixels");
    assertThat(folder.resolve("out/report.html"))
        .content()
        .contains("The most suspicious samples", "sample 3, image 17 as it is: 0.00 times")
        .satisfies(page -> assertThat(page.split("<figure>")).hasSize(17));
    List<Row> rows =
        SPARK
            .session()
            .read()
            .parquet(result.tables().get(0))
            .orderBy("sample_index")
            .collectAsList();
    assertThat(rows).hasSize(30);
    assertThat(rows.get(3).<Long>getAs("nearest")).isEqualTo(17);
    assertThat(rows.get(3).<Double>getAs("distance")).isZero();
    assertThat(rows.get(0).<Double>getAs("ratio")).isBetween(0.2, 5.0);
    assertThat(rows.get(9).<Integer>getAs("mirrored")).isEqualTo(1);
  }

  @Test
  void heldOutImagesAreNoCopies() {
    EvaluateJob.Result result = run(write("new", images(40, 5000)), "out");

    assertThat(result.summary()).containsEntry("memorisation_copies", 0);
    assertThat((Double) result.summary().get("memorisation_median_ratio")).isBetween(0.7, 1.4);
  }

  @Test
  void withoutHeldOutImagesThereIsNoMeasure() {
    EvaluateJob.Request request = asked(heldOut, "out").request();

    assertThatThrownBy(
            () ->
                new EvaluateJob(SPARK.session(), new PrintWriter(new StringWriter())).run(request))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--metrics = memorisation: needs --held-out TABLE");
  }

  /** By such a measure no sample would be a copy. */
  @Test
  void heldOutImagesOfTheTrainingAreNoMeasure() {
    Path samples = write("some", images(10, 7000));
    List<byte[]> mixed = new ArrayList<>(training.subList(0, 25));
    mixed.addAll(images(20, 8000));
    Path half = write("half", mixed);

    assertThatThrownBy(() -> run(samples, "out", table))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--held-out = %s: has the images of --data = %s; images are needed that are not there.",
            table, table);
    assertThatThrownBy(() -> run(samples, "out", half))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(
            "--held-out = " + half + ": at least half of its images are also in --data");
  }
}
