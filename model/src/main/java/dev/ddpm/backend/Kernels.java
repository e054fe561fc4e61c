package dev.ddpm.backend;

import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.function.DoubleSupplier;

/**
 * The operations of a network that need no preparation: none of them is a convolution, a product of
 * matrices or a normalisation.
 *
 * <p>Images are (batch, positions, channels), matrices (rows, columns), all dense and row-major.
 * Outputs are overwritten unless said otherwise. An instance keeps scratch memory: one per network,
 * not thread-safe.
 */
public interface Kernels {

  /** y = x · σ(x). */
  void swish(Tensor x, Tensor y);

  /** dx = dy · swish′(x). */
  void swishBackward(Tensor x, Tensor dy, Tensor dx);

  /** Replaces each row by its softmax. */
  void softmax(Tensor x);

  /** Replaces the gradient of each row's softmax {@code y} by that of the row it was taken of. */
  void softmaxBackward(Tensor y, Tensor gradient);

  /** y = 0. */
  void clear(Tensor y);

  /** y = x. */
  void copy(Tensor x, Tensor y);

  /** y += x. */
  void add(Tensor x, Tensor y);

  /** y −= x. */
  void subtract(Tensor x, Tensor y);

  /** y += a · b, value by value. */
  void addProduct(Tensor a, Tensor b, Tensor y);

  /** Adds {@code vector} (columns) to every row of {@code y}. */
  void addToRows(Tensor vector, Tensor y);

  /** Multiplies every row of {@code y} by its factor, one of {@code factors}. */
  void scaleRows(Tensor factors, Tensor y);

  /** gathered[i] = x[rows[i]], row by row. */
  void gatherRows(Tensor x, int[] rows, Tensor gathered);

  /** y[rows[i]] += values[i], row by row; no row may be named twice. */
  void addToRows(Tensor values, int[] rows, Tensor y);

  /**
   * gathered[i] = x[rows[i]], row by row, where the numbers come from a tensor.
   *
   * @param rows whole numbers, one per row of {@code gathered}
   */
  default void gatherRows(Tensor x, Tensor rows, Tensor gathered) {
    gatherRows(x, numbers(rows), gathered);
  }

  /**
   * y[rows[i]] += values[i], row by row and in this order: a row may be named several times.
   *
   * @param rows whole numbers, one per row of {@code values}
   */
  default void addToRows(Tensor values, Tensor rows, Tensor y) {
    long columns = y.columns();
    int[] numbers = numbers(rows);
    for (int i = 0; i < numbers.length; i++) {
      add(values.slice(i * columns, columns), y.slice(numbers[i] * columns, columns));
    }
  }

  private static int[] numbers(Tensor rows) {
    float[] values = new float[rows.length()];
    rows.download(values, 0);
    int[] numbers = new int[values.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (int) values[i];
    }
    return numbers;
  }

  /**
   * Encodes timesteps by sines and cosines.
   *
   * @param timesteps (batch, 1)
   * @param y receives (batch, twice the number of frequencies)
   */
  default void encode(Sinusoids encoding, Tensor timesteps, Tensor y) {
    encoding.encode(timesteps, y);
  }

  /**
   * Draws standard normal numbers for images of consecutive indices, those of {@link
   * CounterRandom#gaussian}.
   *
   * @param firstIndex index of the first image; the others follow
   * @param y the images, receives their numbers
   */
  default void gaussian(long seed, Stream stream, long firstIndex, int step, Tensor y) {
    int images = y.size(0);
    int size = y.length() / images;
    float[] values = new float[y.length()];
    for (int i = 0; i < images; i++) {
      CounterRandom.gaussian(seed, stream, firstIndex + i, step, values, i * size, size);
    }
    y.upload(values, 0);
  }

  /**
   * Makes of clean images what a network is trained on. Only their levels and a handful of numbers
   * each have to come to where the engine computes.
   *
   * @param from the first of the images: as many as there is room for are taken
   * @param xt (batch, height, width, channels), receives the noised images
   * @param target receives what the network should put out for them
   */
  default void noise(Noising noising, CleanBatch images, int from, Tensor xt, Tensor target) {
    Noising.Noised noised = noising.apply(images, from, xt.size(0));
    xt.upload(noised.xt(), 0);
    target.upload(noised.target(), 0);
  }

  /**
   * Writes the windows of an image as rows.
   *
   * @param image as {@link Patches#image} says
   * @param matrix receives the windows, as {@link Patches#matrix} says
   */
  void gather(Patches patches, Tensor image, Tensor matrix);

  /** The transpose of {@link #gather}: adds every window to the pixels of the image it lies on. */
  void scatterAdd(Patches patches, Tensor matrix, Tensor image);

  /** sums = Σ over the rows of x, one per column. */
  void sumRows(Tensor x, Tensor sums);

  /** Writes each row of {@code a} followed by that of {@code b}. */
  void concatenate(Tensor a, Tensor b, Tensor both);

  /** The inverse of {@link #concatenate}. */
  void split(Tensor both, Tensor a, Tensor b);

  /** Scales x down to a Euclidean norm over all values if it is longer. */
  void clip(Tensor x, double longest);

  /**
   * Turns a gradient into the update to subtract from the parameters, in place.
   *
   * @param gradient replaced by the update
   * @param m the gradient's running mean, updated
   * @param v the gradient's running mean square, updated
   */
  void adam(AdamStep step, Tensor gradient, Tensor m, Tensor v);

  /**
   * The mean of (prediction − target)² over all elements.
   *
   * @param gradient receives the mean's gradient with respect to the prediction
   * @return the mean, to be asked for before the next call: then is soon enough to wait for it. If
   *     the call is {@linkplain Engine#record recorded}, it is that of the last time the work was
   *     done
   */
  DoubleSupplier meanSquaredError(Tensor prediction, Tensor target, Tensor gradient);
}
