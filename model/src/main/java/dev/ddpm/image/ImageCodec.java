package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.PackedColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG, JPEG, GIF and BMP, and encodes PNG.
 *
 * <p>Samples are taken as they are stored: colour profiles, gamma and EXIF orientation are ignored,
 * as common training pipelines do. Of an animated GIF the first frame counts. Grey of 1 to 16 bits
 * is scaled to 8; a palette becomes grey if all its colours are, else RGB, and RGBA if one of them
 * is not opaque. Damage is an error, also where a decoder would fill the gap with grey.
 *
 * <p>JPEG is decoded by the platform's library, and two of them may differ by 1 in a value; PNG,
 * GIF and BMP are exact.
 */
public final class ImageCodec {
  /** The largest picture that is decoded, in pixels: 8192 × 8192. */
  public static final long MAX_PIXELS = 1L << 26;

  private ImageCodec() {}

  /**
   * Decodes a picture of at most {@link #MAX_PIXELS} pixels.
   *
   * @param encoded the bytes of a PNG, JPEG, GIF or BMP file
   * @param name what to call it in errors
   * @throws DdpmException (data) if the bytes are not such a file, are damaged, or hold a kind of
   *     picture that cannot be decoded, with the reason
   */
  public static RawImage decode(byte[] encoded, String name) {
    return decode(encoded, name, MAX_PIXELS);
  }

  /** As {@link #decode(byte[], String)}, with another limit on height · width. */
  public static RawImage decode(byte[] encoded, String name, long maxPixels) {
    if (encoded.length == 0) {
      throw DdpmException.data("%s is empty: a PNG, JPEG, GIF or BMP file is needed.", name);
    }
    ImageFormat format =
        ImageFormat.of(encoded)
            .orElseThrow(
                () ->
                    DdpmException.data(
                        "%s is not a PNG, JPEG, GIF or BMP file: it begins with the bytes %s.",
                        name, beginning(encoded)));
    if (format == ImageFormat.PNG) {
      PngChunks.check(encoded, name);
    }
    try (ImageInputStream stream =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded))) {
      return read(format, stream, name, maxPixels);
    } catch (DdpmException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // ImageIO's readers meet damaged input with exceptions of any kind, unchecked ones too.
      throw DdpmException.data(
          e, "%s is a damaged or unsupported %s file: %s.", name, format, reason(e));
    }
  }

  /** Encodes a picture of 1, 3 or 4 channels as PNG. */
  public static byte[] encodePng(RawImage image) {
    return PngEncoder.encode(image);
  }

  /** Whether bytes begin as a file of a format that can be decoded does. */
  public static boolean isPicture(byte[] encoded) {
    return ImageFormat.of(encoded).isPresent();
  }

  /** Whether bytes begin as a PNG file does. */
  public static boolean isPng(byte[] encoded) {
    return ImageFormat.of(encoded).filter(ImageFormat.PNG::equals).isPresent();
  }

  private static RawImage read(
      ImageFormat format, ImageInputStream stream, String name, long maxPixels) throws IOException {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.readerName());
    if (!readers.hasNext()) {
      throw DdpmException.environment(
          "This Java runtime has no %s decoder: its module java.desktop is incomplete.", format);
    }
    ImageReader reader = readers.next();
    try {
      reader.setInput(stream, true, true);
      long height = reader.getHeight(0);
      long width = reader.getWidth(0);
      if (height * width > maxPixels) {
        throw DdpmException.data(
            "%s has %d×%d pixels (height×width): at most %d in all are decoded.",
            name, height, width, maxPixels);
      }
      DecoderWarnings warnings = new DecoderWarnings();
      // Only now: warnings about the header concern metadata that is not used.
      reader.addIIOReadWarningListener(warnings);
      BufferedImage image = reader.read(0);
      if (warnings.first() != null) {
        throw DdpmException.data("%s is a damaged %s file: %s.", name, format, warnings.first());
      }
      return toRaw(image, format, name);
    } finally {
      reader.dispose();
    }
  }

  private static RawImage toRaw(BufferedImage image, ImageFormat format, String name) {
    ColorModel model = image.getColorModel();
    if (model instanceof ComponentColorModel) {
      int space = model.getColorSpace().getType();
      if (space == ColorSpace.TYPE_GRAY || space == ColorSpace.TYPE_RGB) {
        return fromSamples(image.getRaster(), model);
      }
    } else if (model instanceof IndexColorModel || model instanceof PackedColorModel) {
      return fromColours(image, model);
    }
    throw DdpmException.data(
        "%s is a %s file with %d components per pixel: grey, RGB and palettes, with or without"
            + " alpha, are supported.",
        name, format, model.getNumComponents());
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

  private static String beginning(byte[] encoded) {
    byte[] head = Arrays.copyOf(encoded, Math.min(encoded.length, 8));
    return HexFormat.ofDelimiter(" ").formatHex(head);
  }

  private static String reason(Throwable error) {
    Throwable deepest = error;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    if (deepest instanceof EOFException) {
      return "it ends too early";
    }
    String message = deepest.getMessage();
    String text = message == null ? "it cannot be decoded" : message;
    return text.lines().findFirst().orElse(text).replaceAll("[.!\\s]+$", "");
  }
}
