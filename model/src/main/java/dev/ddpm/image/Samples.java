package dev.ddpm.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.PackedColorModel;
import java.awt.image.Raster;
import java.util.Arrays;
import java.util.Optional;

/** Takes the stored samples out of what a decoder returns, whatever its colour space says. */
final class Samples {
  private Samples() {}

  /** The picture as grey, RGB or RGBA; empty if it is none of what can be brought to that. */
  static Optional<RawImage> of(BufferedImage image) {
    ColorModel model = image.getColorModel();
    if (model instanceof IndexColorModel || model instanceof PackedColorModel) {
      return Optional.of(fromColours(image, model));
    }
    int type = model.getTransferType();
    if (!(model instanceof ComponentColorModel)
        || (type != DataBuffer.TYPE_BYTE && type != DataBuffer.TYPE_USHORT)) {
      return Optional.empty();
    }
    return switch (model.getColorSpace().getType()) {
      case ColorSpace.TYPE_GRAY, ColorSpace.TYPE_RGB ->
          Optional.of(fromSamples(image.getRaster(), model));
      case ColorSpace.TYPE_CMYK ->
          type == DataBuffer.TYPE_BYTE && model.getNumComponents() == 4
              ? Optional.of(Inks.toRgb(image.getRaster(), false))
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  private static RawImage fromSamples(Raster raster, ColorModel model) {
    int height = raster.getHeight();
    int width = raster.getWidth();
    int bands = model.getNumComponents();
    boolean greyAlpha = bands == 2;
    int channels = greyAlpha ? 4 : bands;
    byte[] pixels = new byte[height * width * channels];
    int[] line = new int[width * bands];
    int maximum = (1 << model.getComponentSize(0)) - 1;
    int o = 0;
    for (int y = 0; y < height; y++) {
      raster.getPixels(0, y, width, 1, line);
      if (model.isAlphaPremultiplied() && model.hasAlpha()) {
        divideByAlpha(line, bands, maximum);
      }
      for (int i = 0; i < line.length; i++) {
        byte value = (byte) ((line[i] * 255L + maximum / 2) / maximum);
        pixels[o++] = value;
        if (greyAlpha && i % 2 == 0) {
          pixels[o++] = value;
          pixels[o++] = value;
        }
      }
    }
    return new RawImage(height, width, channels, pixels);
  }

  private static void divideByAlpha(int[] line, int bands, int maximum) {
    for (int i = 0; i < line.length; i += bands) {
      long alpha = line[i + bands - 1];
      for (int c = 0; alpha > 0 && c < bands - 1; c++) {
        line[i + c] = (int) Math.min(maximum, (long) line[i + c] * maximum / alpha);
      }
    }
  }

  private static RawImage fromColours(BufferedImage image, ColorModel model) {
    int height = image.getHeight();
    int width = image.getWidth();
    int channels = model.hasAlpha() ? 4 : isGrey(model) ? 1 : 3;
    byte[] pixels = new byte[height * width * channels];
    int[] line = new int[width];
    int o = 0;
    for (int y = 0; y < height; y++) {
      image.getRGB(0, y, width, 1, line, 0, width);
      for (int argb : line) {
        pixels[o++] = (byte) (argb >> 16);
        if (channels > 1) {
          pixels[o++] = (byte) (argb >> 8);
          pixels[o++] = (byte) argb;
        }
        if (channels > 3) {
          pixels[o++] = (byte) (argb >>> 24);
        }
      }
    }
    return new RawImage(height, width, channels, pixels);
  }

  private static boolean isGrey(ColorModel model) {
    if (!(model instanceof IndexColorModel palette)) {
      return false;
    }
    int[] colours = new int[palette.getMapSize()];
    palette.getRGBs(colours);
    return Arrays.stream(colours)
        .allMatch(c -> (c >> 16 & 0xff) == (c & 0xff) && (c >> 8 & 0xff) == (c & 0xff));
  }
}
