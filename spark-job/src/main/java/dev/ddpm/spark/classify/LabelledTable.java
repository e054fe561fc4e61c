package dev.ddpm.spark.classify;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.classifier.ClassifierPlan;
import dev.ddpm.evaluation.classifier.LabelledImages;
import dev.ddpm.evaluation.extractor.ImageInput;
import dev.ddpm.evaluation.extractor.ValueRange;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/**
 * The images of a table with their classes, in the memory of the driver and in the order of their
 * ids.
 */
final class LabelledTable {
  /** The share of the heap that images may take. */
  private static final double SHARE_OF_HEAP = 0.5;

  private final ImageShape shape;
  private final String fingerprint;
  private final List<String> labelNames;
  private final List<ImageRow> rows;

  private LabelledTable(
      ImageShape shape, String fingerprint, List<String> labelNames, List<ImageRow> rows) {
    this.shape = shape;
    this.fingerprint = fingerprint;
    this.labelNames = labelNames;
    this.rows = rows;
  }

  /**
   * Reads a table.
   *
   * @param option that names it, for messages
   * @param path of the table
   * @param atMost images, from id 0 on
   * @throws DdpmException (data) if an image has no class; (environment) if they do not fit into
   *     memory
   */
  static LabelledTable read(SparkSession spark, String option, String path, long atMost) {
    ImageTableReader reader = ImageTableReader.open(spark, path);
    long images = Math.min(atMost, reader.images());
    long most =
        (long) (SHARE_OF_HEAP * Runtime.getRuntime().maxMemory() / reader.imageShape().size());
    if (images > most) {
      throw DdpmException.environment(
          "%s = %s: its %d images of %s take more than half of the driver's memory, where %d fit:"
              + " give it more (--memory), or use fewer (--images).",
          option, path, images, reader.imageShape(), most);
    }
    List<ImageRow> rows = new ArrayList<>(reader.rows(id -> id < images).collect());
    rows.sort(Comparator.comparingLong(ImageRow::id));
    for (ImageRow row : rows) {
      if (row.label() == null || row.label() < 0) {
        throw DdpmException.data(
            "%s = %s: image %d has %s: a classifier needs the class of every image, from 0 on.",
            option, path, row.id(), row.label() == null ? "no label" : "the label " + row.label());
      }
    }
    return new LabelledTable(reader.imageShape(), reader.fingerprint(), reader.labelNames(), rows);
  }

  ImageShape shape() {
    return shape;
  }

  String fingerprint() {
    return fingerprint;
  }

  int size() {
    return rows.size();
  }

  /** One more than the greatest label. */
  long classes() {
    return 1 + rows.stream().mapToLong(ImageRow::label).max().orElse(0);
  }

  /** What the classes are called, by their numbers; empty if the table does not name them all. */
  List<String> classNames() {
    return labelNames.size() < classes() ? List.of() : labelNames.subList(0, (int) classes());
  }

  /** The names of all labels that the table tells, used or not. */
  List<String> labelNames() {
    return labelNames;
  }

  /** Some images of the table. */
  LabelledTable only(int[] numbers) {
    List<ImageRow> chosen = new ArrayList<>();
    for (int number : numbers) {
      chosen.add(rows.get(number));
    }
    return new LabelledTable(shape, fingerprint, labelNames, chosen);
  }

  /** The images as a classifier takes them; for one thread. */
  LabelledImages inputs(ClassifierPlan plan) {
    var input = new ImageInput(shape, plan.input(), ValueRange.MINUS_ONE_TO_ONE);
    return new LabelledImages() {
      @Override
      public int size() {
        return rows.size();
      }

      @Override
      public void input(int image, float[] to) {
        input.prepare(rows.get(image).pixels(), to);
      }

      @Override
      public int label(int image) {
        return rows.get(image).label();
      }
    };
  }
}
