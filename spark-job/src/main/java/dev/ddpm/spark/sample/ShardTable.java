package dev.ddpm.spark.sample;

import dev.ddpm.image.RawImage;
import java.util.Map;
import java.util.Optional;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.MessageType;

/**
 * The tables of an output folder: what is in the file of a range of indices follows from the range
 * and the folder's settings.
 */
enum ShardTable {
  /** {@link SampleTable}: a row per image. */
  IMAGES("images") {
    @Override
    MessageType schema(SampleContent content) {
      return SampleTable.schema(
          content.classes().exist(),
          Boolean.parseBoolean(content.settings().get("sampling.keep-x0")));
    }

    @Override
    int rowsPerImage(Map<String, String> settings) {
      return 1;
    }

    @Override
    Optional<String> wrongIn(Group row, int ofImage, SampleContent content) {
      Map<String, String> settings = content.settings();
      return differing("seed", row.getLong("seed", 0), settings.get("sampling.seed"))
          .or(
              () ->
                  differing(
                      "sampler", row.getString("sampler", 0), settings.get("sampling.sampler")))
          .or(() -> differing("steps", row.getInteger("steps", 0), settings.get("sampling.steps")))
          .or(
              () ->
                  differing(
                      "model_hash", row.getString("model_hash", 0), settings.get("model_hash")))
          .or(() -> content.classes().exist() ? wrongClass(row, content) : Optional.empty());
    }

    private Optional<String> wrongClass(Group row, SampleContent content) {
      int number = content.classes().of(row.getLong(SampleTable.INDEX, 0));
      String name = content.classes().name(number);
      return differing(SampleTable.LABEL, row.getInteger(SampleTable.LABEL, 0), number)
          .or(
              () ->
                  differing(SampleTable.LABEL_NAME, row.getString(SampleTable.LABEL_NAME, 0), name))
          .or(
              () ->
                  differing(
                      SampleTable.GUIDANCE,
                      row.getDouble(SampleTable.GUIDANCE, 0),
                      content.settings().get("sampling.guidance")));
    }
  },

  /** {@link TrajectoryTable}: a row per image and kept step. */
  TRAJECTORIES("trajectories") {
    @Override
    MessageType schema(SampleContent content) {
      return TrajectoryTable.schema();
    }

    @Override
    int rowsPerImage(Map<String, String> settings) {
      return frames(settings);
    }

    @Override
    Optional<String> wrongIn(Group row, int ofImage, SampleContent content) {
      return differing(TrajectoryTable.FRAME, row.getInteger(TrajectoryTable.FRAME, 0), ofImage);
    }
  };

  private final String folder;

  ShardTable(String folder) {
    this.folder = folder;
  }

  /** Name of the folder within an output folder. */
  String folder() {
    return folder;
  }

  /** Kept steps of each image of a folder; 0 if it has no trajectories. */
  static int frames(Map<String, String> settings) {
    return Integer.parseInt(settings.getOrDefault("sampling.trajectory", "0"));
  }

  /** The columns in their order. */
  abstract MessageType schema(SampleContent content);

  /** Rows of an image, at least 1. */
  abstract int rowsPerImage(Map<String, String> settings);

  /**
   * What is wrong with a row beside index and shape; {@code ofImage} numbers those of its image.
   */
  abstract Optional<String> wrongIn(Group row, int ofImage, SampleContent content);

  /**
   * Compares a row with what must be there.
   *
   * @param number of the row in its file, from 0
   * @return what is wrong with it, in half a sentence; empty if nothing is
   */
  Optional<String> wrong(
      Group row, RawImage image, long number, IndexRange range, SampleContent content) {
    int perImage = rowsPerImage(content.settings());
    long index = range.first() + number / perImage;
    return differing(SampleTable.INDEX, row.getLong(SampleTable.INDEX, 0), index)
        .or(() -> differing("height", row.getInteger("height", 0), image.height()))
        .or(() -> differing("width", row.getInteger("width", 0), image.width()))
        .or(() -> differing("channels", row.getInteger("channels", 0), image.channels()))
        .or(() -> wrongIn(row, (int) (number % perImage), content))
        .map(wrong -> "row %d has %s".formatted(number, wrong));
  }

  static Optional<String> differing(String column, Object is, Object must) {
    return is.toString().equals(String.valueOf(must))
        ? Optional.empty()
        : Optional.of("%s %s where %s must be".formatted(column, is, must));
  }
}
