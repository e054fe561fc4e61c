package dev.ddpm.evaluation.classifier;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.image.ImageShape;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What a classifier looks like: stages of a 3×3 convolution, a rectifier and the maximum of 2×2
 * pixels, until a side is shorter than 6 pixels; then a layer of 64 rectified features, and from
 * these a score per class. All follows from the size of the input and the number of classes.
 *
 * @param height rows of the input
 * @param width columns of the input
 * @param channels 1 (grey) or 3 (RGB)
 * @param classes how many, 2 to {@value #MAXIMUM_CLASSES}
 */
public record ClassifierPlan(int height, int width, int channels, int classes)
    implements Serializable {
  /** What describes an image. */
  public static final int FEATURES = 64;

  static final int KERNEL = 3;

  /** The most classes that one can tell apart. */
  public static final int MAXIMUM_CLASSES = 10_000;

  /** Pixels of the longer side; larger images are shrunk to it. */
  private static final int LONGEST_SIDE = 64;

  private static final int SMALLEST_POOLED = 6;
  private static final int FIRST_FILTERS = 16;
  private static final int MOST_FILTERS = 64;

  /**
   * A convolution of 3×3 with a border of zeros, a rectifier, and the maximum of each 2×2 pixels; a
   * last odd row or column is dropped.
   *
   * @param name of the layer
   * @param height rows that come in
   * @param width columns that come in
   * @param from channels that come in
   * @param to channels that go out
   */
  record Stage(String name, int height, int width, int from, int to) {
    String weight() {
      return name + ".weight";
    }

    String bias() {
      return name + ".bias";
    }
  }

  /**
   * Checks the numbers.
   *
   * @throws DdpmException (user) naming one that is out of range
   */
  public ClassifierPlan {
    requireBetween("height", height, 1, LONGEST_SIDE);
    requireBetween("width", width, 1, LONGEST_SIDE);
    requireBetween("classes", classes, 2, MAXIMUM_CLASSES);
    if (channels != 1 && channels != 3) {
      throw DdpmException.user("channels = %d: must be 1 (grey) or 3 (RGB).", channels);
    }
  }

  private static void requireBetween(String key, int value, int least, int most) {
    if (value < least || value > most) {
      throw DdpmException.user("%s = %d: must be %d to %d.", key, value, least, most);
    }
  }

  /**
   * The plan for images of a shape. Those with a side of more than 64 pixels are shrunk, in
   * proportion, until the longer one has 64.
   *
   * @throws DdpmException (user) if they have alpha, or there are too few or too many classes
   */
  public static ClassifierPlan of(ImageShape images, int classes) {
    double scale = Math.min(1, (double) LONGEST_SIDE / Math.max(images.height(), images.width()));
    return new ClassifierPlan(
        shrunk(images.height(), scale), shrunk(images.width(), scale), images.channels(), classes);
  }

  private static int shrunk(int side, double scale) {
    return Math.max(1, (int) Math.rint(side * scale));
  }

  /** Shape of the input. */
  public ImageShape input() {
    return new ImageShape(height, width, channels);
  }

  /** The stages from the input on; none for the smallest images. */
  List<Stage> stages() {
    List<Stage> stages = new ArrayList<>();
    int rows = height;
    int columns = width;
    int from = channels;
    for (int filters = FIRST_FILTERS; Math.min(rows, columns) >= SMALLEST_POOLED; ) {
      int to = Math.min(filters, MOST_FILTERS);
      stages.add(new Stage("stages." + stages.size(), rows, columns, from, to));
      rows /= 2;
      columns /= 2;
      from = to;
      filters *= 2;
    }
    return stages;
  }

  /** Shape of what goes into the layer of features. */
  ImageShape pooled() {
    List<Stage> stages = stages();
    if (stages.isEmpty()) {
      return input();
    }
    Stage last = stages.get(stages.size() - 1);
    return new ImageShape(last.height() / 2, last.width() / 2, last.to());
  }

  /**
   * Names and shapes of the weights, as PyTorch has them: of convolutions (out, in, rows, columns),
   * of layers (out, in); what goes into the layer of features is flattened channel by channel.
   */
  public List<TensorHeader> tensors() {
    List<TensorHeader> tensors = new ArrayList<>();
    for (Stage stage : stages()) {
      tensors.add(
          new TensorHeader(stage.weight(), List.of(stage.to(), stage.from(), KERNEL, KERNEL)));
      tensors.add(new TensorHeader(stage.bias(), List.of(stage.to())));
    }
    tensors.add(new TensorHeader("features.weight", List.of(FEATURES, pooled().size())));
    tensors.add(new TensorHeader("features.bias", List.of(FEATURES)));
    tensors.add(new TensorHeader("classes.weight", List.of(classes, FEATURES)));
    tensors.add(new TensorHeader("classes.bias", List.of(classes)));
    return tensors;
  }
}
