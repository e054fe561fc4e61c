package dev.ddpm.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import dev.ddpm.DdpmException;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.function.UnaryOperator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Decodes PNG, JPEG, GIF, BMP, WebP and TIFF, and encodes PNG.
 *
 * <p>Samples are taken as they are stored: colour profiles and gamma are ignored, as common
 * training pipelines do. A camera's note on how it was held is applied, unless {@link
 * Orientation#IGNORE} is asked for. Of a file of several pictures the first counts; the first frame
 * of a GIF lies on its whole screen. Grey of 1 to 16 bits is scaled to 8; a palette becomes grey if
 * all its colours are, else RGB, and RGBA if one of them is not opaque; cyan, magenta, yellow and
 * black become RGB. Damage is an error, also where a decoder would fill the gap with grey.
 *
 * <p>JPEG is decoded by the platform's library, and two of them may differ by 1 in a value. The
 * decoder of lossy WebP does not smooth colours from pixel to pixel as Google's does, so that sharp
 * edges between colours differ from it. PNG, GIF, BMP and lossless WebP are exact.
 */
public final class ImageCodec {
  /** The largest picture that is decoded, in pixels: 8192 × 8192. */
  public static final long MAX_PIXELS = 1L << 26;

  /** A larger JPEG is decoded in part if that is enough. */
  private static final long WHOLE_PIXELS = 1L << 24;

  /** So many times as high and wide as what is wanted must the part be. */
  private static final int ENOUGH = 8;

  /** A decoder's picture and ours, of four channels each. */
  private static final int BYTES_PER_PIXEL = 8;

  /** The same, where the decoder's may have 16 bits. */
  private static final int DEEP_BYTES_PER_PIXEL = 12;

  /** How often a JPEG file is in memory while its markers are read. */
  private static final int COPIES = 3;

  private static final DecodingMemory MEMORY = new DecodingMemory(Runtime.getRuntime().maxMemory());

  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  private ImageCodec() {}

  /**
   * Decodes a picture of at most {@link #MAX_PIXELS} pixels, upright.
   *
   * @param encoded the bytes of a file of one of the formats
   * @param name what to call it in errors
   * @throws DdpmException (data) if the bytes are not such a file, are damaged, or hold a kind of
   *     picture that cannot be decoded. The message is the name, what is wrong, and perhaps a colon
   *     and details
   */
  public static RawImage decode(byte[] encoded, String name) {
    return decode(encoded, name, Orientation.APPLY);
  }

  /** As {@link #decode(byte[], String)}, upright or as it is stored. */
  public static RawImage decode(byte[] encoded, String name, Orientation orientation) {
    return decode(encoded, name, orientation, MAX_PIXELS);
  }

  /**
   * Decodes a picture and prepares it, while no more memory is taken for that by all threads than
   * the heap has. A JPEG of more than {@value #WHOLE_PIXELS} pixels of which much smaller ones are
   * made, at most a sixteenth as high and as wide, is decoded at every second pixel of every second
   * row: of what is wanted there are 8 × 8 pixels to each still.
   *
   * @param side the longest side of what is made of the picture; Integer.MAX_VALUE if it keeps its
   *     size
   * @param preparation makes it of the decoded one
   * @throws DdpmException as {@link #decode(byte[], String)}; (environment) if the heap is too
   *     small for this picture alone
   */
  public static RawImage prepare(
      byte[] encoded,
      String name,
      Orientation orientation,
      int side,
      UnaryOperator<RawImage> preparation) {
    try (DecodingMemory.Share memory = MEMORY.share()) {
      return preparation.apply(
          decode(encoded, name, orientation, new Extent(MAX_PIXELS, side, memory)));
    } catch (OutOfMemoryError e) {
      throw DdpmException.environment(
          e,
          "%s cannot be decoded: the heap of this JVM, of %d MiB, is full; give more by --memory.",
          name,
          Runtime.getRuntime().maxMemory() >> 20);
    }
  }

  /** As {@link #decode(byte[], String, Orientation)}, with another limit on height · width. */
  static RawImage decode(byte[] encoded, String name, Orientation orientation, long maxPixels) {
    try (DecodingMemory.Share memory = MEMORY.share()) {
      return decode(encoded, name, orientation, new Extent(maxPixels, Integer.MAX_VALUE, memory));
    }
  }

  private static RawImage decode(
      byte[] encoded, String name, Orientation orientation, Extent extent) {
    if (encoded.length == 0) {
      throw DdpmException.data("%s is empty: a %s file is needed.", name, ImageFormat.all());
    }
    ImageFormat format = ImageFormat.of(encoded).orElseThrow(() -> noPicture(encoded, name));
    try {
      return decode(format, encoded, name, orientation, extent);
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

  private static DdpmException noPicture(byte[] encoded, String name) {
    return ForeignFormat.of(encoded)
        .map(
            format ->
                DdpmException.data(
                    "%s is %s, which cannot be read: a %s file is needed.",
                    name, format, ImageFormat.all()))
        .orElseGet(
            () ->
                DdpmException.data(
                    "%s is not a %s file: it begins with the bytes %s.",
                    name, ImageFormat.all(), beginning(encoded)));
  }

  private static RawImage decode(
      ImageFormat format, byte[] encoded, String name, Orientation orientation, Extent extent)
      throws IOException {
    ByteBuffer exif = NONE;
    RawImage stored;
    switch (format) {
      case PNG -> {
        exif = PngChunks.exifOfChecked(encoded, name);
        stored = read(format, encoded, name, extent, ImageCodec::picture);
      }
      case JPEG -> {
        JpegFile.size(encoded).ifPresent(size -> extent.take(size, encoded.length, name));
        JpegFile jpeg = JpegFile.of(encoded);
        exif = jpeg.exif();
        stored =
            read(
                format,
                jpeg.encoded(),
                name,
                extent,
                jpeg.inks() ? inks(jpeg) : ImageCodec::picture);
      }
      case GIF -> {
        GifScreen screen = GifScreen.of(encoded);
        extent.check(screen.height(), screen.width(), name);
        stored =
            read(
                format,
                encoded,
                name,
                extent,
                (reader, unused) -> {
                  BufferedImage frame = reader.read(0);
                  return screen.show(raw(frame), (IndexColorModel) frame.getColorModel());
                });
      }
      case WEBP -> {
        WebpFile webp = WebpFile.of(encoded);
        exif = webp.exif();
        stored = read(format, webp.encoded(), name, extent, ImageCodec::picture);
      }
      case TIFF -> {
        exif = ByteBuffer.wrap(encoded);
        stored = read(format, encoded, name, extent, ImageCodec::picture);
      }
      default -> stored = read(format, encoded, name, extent, ImageCodec::picture);
    }
    return orientation == Orientation.APPLY
        ? Orientation.upright(stored, Orientation.of(exif))
        : stored;
  }

  /** Takes the picture out of a reader. */
  private interface Picture {
    RawImage of(ImageReader reader, ImageReadParam way) throws IOException;
  }

  private static RawImage picture(ImageReader reader, ImageReadParam way) throws IOException {
    return raw(reader.read(0, way));
  }

  /** The reader makes no picture of four inks, but hands out their samples. */
  private static Picture inks(JpegFile jpeg) {
    return (reader, way) ->
        jpeg.ycck()
            ? Inks.ycckToRgb(reader.readRaster(0, way))
            : Inks.toRgb(reader.readRaster(0, way), true);
  }

  private static RawImage raw(BufferedImage image) {
    return Samples.of(image)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    image.getColorModel().getNumComponents()
                        + " components per pixel of a kind that is neither grey, RGB nor CMYK of 8"
                        + " or 16 bits"));
  }

  private static RawImage read(
      ImageFormat format, byte[] encoded, String name, Extent extent, Picture picture)
      throws IOException {
    ImageReader reader = reader(format);
    try (ImageInputStream stream = new EncodedStream(encoded)) {
      reader.setInput(stream, true, true);
      int height = reader.getHeight(0);
      int width = reader.getWidth(0);
      extent.check(height, width, name);
      int step = format == ImageFormat.JPEG ? extent.step(height, width) : 1;
      extent.memory.take((long) height * width * DEEP_BYTES_PER_PIXEL, height, width, name);
      ImageReadParam way = null;
      if (step > 1) {
        way = reader.getDefaultReadParam();
        way.setSourceSubsampling(step, step, 0, 0);
      }
      DecoderWarnings warnings = new DecoderWarnings();
      // Only now: warnings about the header concern metadata that is not used.
      reader.addIIOReadWarningListener(warnings);
      RawImage image = picture.of(reader, way);
      if (warnings.first() != null) {
        throw DdpmException.data("%s is a damaged %s file: %s.", name, format, warnings.first());
      }
      return image;
    } finally {
      reader.dispose();
    }
  }

  /**
   * How large a picture may be, and how much of it is wanted.
   *
   * @param maxPixels limit on height · width
   * @param side the longest side of what is made of it
   * @param memory is taken before it is decoded
   */
  private record Extent(long maxPixels, int side, DecodingMemory.Share memory) {

    void check(long height, long width, String name) {
      if (height * width > maxPixels) {
        throw DdpmException.data(
            "%s is too large: it has %d×%d pixels (height×width), and at most %d in all are"
                + " decoded.",
            name, height, width, maxPixels);
      }
    }

    int step(long height, long width) {
      boolean farSmaller = Math.min(height, width) >= 2L * ENOUGH * side;
      return height * width > WHOLE_PIXELS && farSmaller ? 2 : 1;
    }

    /** Before a JPEG file of so many bytes is looked at, which makes copies of it. */
    void take(JpegFile.Size size, int length, String name) {
      check(size.height(), size.width(), name);
      int step = step(size.height(), size.width());
      long pixels = (long) size.height() * size.width() / step / step;
      memory.take(
          pixels * BYTES_PER_PIXEL + (long) COPIES * length, size.height(), size.width(), name);
    }
  }

  /**
   * A reader chosen by its class, never by what a class loader happens to find: the same file gives
   * the same pixels on every machine.
   */
  private static ImageReader reader(ImageFormat format) throws IOException {
    return switch (format) {
      case WEBP -> new WebPImageReaderSpi().createReaderInstance();
      case TIFF -> new TIFFImageReaderSpi().createReaderInstance();
      case PNG, JPEG, GIF, BMP -> platformReader(format);
    };
  }

  private static ImageReader platformReader(ImageFormat format) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.name());
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (reader.getClass().getModule() == ImageIO.class.getModule()) {
        return reader;
      }
    }
    throw DdpmException.environment(
        "This Java runtime has no %s decoder: its module java.desktop is incomplete.", format);
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
