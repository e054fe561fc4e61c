package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.util.List;

/**
 * Lays images out on one sheet, row by row from the top left, with a margin around each.
 *
 * @param columns images per row, at least 1
 * @param margin width in pixels of the border around and between the images, at least 0
 * @param scale each pixel becomes a square of so many, so that small images can be seen; at least 1
 * @param background colour of the margin and of places without an image
 */
public record ContactSheet(int columns, int margin, int scale, Rgb background) {

  private static final int MARGIN = 2;
  private static final int LEGIBLE_SIDE = 64;

  /**
   * Checks the layout.
   *
   * @throws DdpmException (user) naming the value that is out of range
   */
  public ContactSheet {
    if (columns < 1 || margin < 0 || scale < 1) {
      throw DdpmException.user(
          "A contact sheet of %d columns, margin %d and scale %d is impossible: at least 1, 0 and 1"
              + " are needed.",
          columns, margin, scale);
    }
  }

  /**
   * The usual sheet for so many images: about square, on white, images shorter than 64 pixels
   * enlarged to that or a little less.
   */
  public static ContactSheet of(int images, int imageHeight) {
    int columns = (int) Math.ceil(Math.sqrt(images));
    return new ContactSheet(
        Math.max(1, columns), MARGIN, Math.max(1, LEGIBLE_SIDE / imageHeight), Rgb.WHITE);
  }

  /**
   * Whether a sheet of so many images of a size has at most {@link ImageCodec#MAX_PIXELS} pixels.
   *
   * @param images at least 1
   */
  public boolean fits(int images, ImageShape shape) {
    long rows = (images + (long) columns - 1) / columns;
    double height = (double) rows * ((double) shape.height() * scale + margin) + margin;
    double width =
        (double) Math.min(columns, images) * ((double) shape.width() * scale + margin) + margin;
    return height * width <= ImageCodec.MAX_PIXELS;
  }

  /**
   * Makes the sheet.
   *
   * @param images at least one; all of the same height, width and channels
   * @return an image of those channels
   * @throws DdpmException (data) if there is none, the shapes differ, or the sheet would be too
   *     large, see {@link #fits}
   */
  public RawImage compose(List<RawImage> images) {
    if (images.isEmpty()) {
      throw DdpmException.data("A contact sheet needs at least one image.");
    }
    RawImage first = images.get(0);
    for (RawImage image : images) {
      if (!image.shape().equals(first.shape())) {
        throw DdpmException.data(
            "A contact sheet needs images of one shape, but has %s and %s.",
            first.shape(), image.shape());
      }
    }
    int rows = (images.size() + columns - 1) / columns;
    int stepY = first.height() * scale + margin;
    int stepX = first.width() * scale + margin;
    long height = (long) rows * stepY + margin;
    long width = (long) Math.min(columns, images.size()) * stepX + margin;
    if (!fits(images.size(), new ImageShape(first.height(), first.width(), first.channels()))) {
      throw DdpmException.data(
          "A contact sheet of %d images would have %d×%d pixels (height×width): at most %d in all"
              + " are possible.",
          images.size(), height, width, ImageCodec.MAX_PIXELS);
    }
    byte[] pixels = new byte[(int) (height * width) * first.channels()];
    Canvas.fill(pixels, first.channels(), background);
    for (int i = 0; i < images.size(); i++) {
      Canvas.paste(
          enlarge(images.get(i)),
          pixels,
          (int) width,
          margin + i / columns * stepY,
          margin + i % columns * stepX);
    }
    return new RawImage((int) height, (int) width, first.channels(), pixels);
  }

  private RawImage enlarge(RawImage image) {
    if (scale == 1) {
      return image;
    }
    int height = image.height() * scale;
    int width = image.width() * scale;
    int channels = image.channels();
    byte[] pixels = new byte[height * width * channels];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int from = (y / scale * image.width() + x / scale) * channels;
        System.arraycopy(image.pixels(), from, pixels, (y * width + x) * channels, channels);
      }
    }
    return new RawImage(height, width, channels, pixels);
  }
}
