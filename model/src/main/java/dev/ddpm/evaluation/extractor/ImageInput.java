package dev.ddpm.evaluation.extractor;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.InputResize;

/**
 * Makes of an image what a network takes: resized by {@link InputResize}, grey repeated as red,
 * green and blue for a network of colours, and its values scaled. It serves one thread.
 */
public final class ImageInput {
  private static final float MAXIMUM = 255;

  private final ImageShape images;
  private final ImageShape input;
  private final InputResize resize;
  private final ValueRange range;
  private final float[] scaled;

  /**
   * Prepares for images of a shape.
   *
   * @param images their shape
   * @param input what the network takes; of 1 or 3 channels
   * @param range of its values
   * @throws DdpmException (user) if the images have colours that the network would not see, or
   *     alpha
   */
  public ImageInput(ImageShape images, ImageShape input, ValueRange range) {
    if (images.channels() != input.channels() && images.channels() != 1) {
      throw DdpmException.user(
          "The images are %s, and the extractor takes %s: images of %d channels cannot be described"
              + " by it; ddpm ingest --channels makes a table of others.",
          images, input, images.channels());
    }
    this.images = images;
    this.input = input;
    this.resize = new InputResize(images, input.height(), input.width());
    this.range = range;
    this.scaled = new float[input.height() * input.width() * images.channels()];
  }

  /**
   * Prepares one image.
   *
   * @param image unsigned bytes of the shape of the images, row-major
   * @param to receives as many values as the input has, channels last
   */
  public void prepare(byte[] image, float[] to) {
    resize.apply(image, scaled);
    int channels = input.channels();
    boolean repeated = images.channels() < channels;
    for (int i = 0; i < to.length; i++) {
      float value = scaled[repeated ? i / channels : i] / MAXIMUM;
      to[i] = range.of(value, i % channels);
    }
  }
}
