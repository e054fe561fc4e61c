package dev.ddpm.onnx;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.ValueRange;
import dev.ddpm.image.ImageShape;
import dev.ddpm.onnx.OnnxSettings.Layout;
import dev.ddpm.onnx.OnnxSettings.Size;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/**
 * The image that a network takes.
 *
 * @param name of the input
 * @param bytes whether it takes unsigned bytes instead of floats
 * @param shape height, width, and 1 or 3 channels
 * @param layout where the channels stand
 * @param range of the values
 */
record OnnxInput(String name, boolean bytes, ImageShape shape, Layout layout, ValueRange range)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Of ONNX's documented metadata. */
  private static final String PIXEL_RANGE = "Image.NominalPixelRange";

  private static final String PIXEL_FORMAT = "Image.BitmapPixelFormat";
  private static final int MAXIMUM_SIDE = 8192;

  /**
   * Puts together what the file says and what the user says.
   *
   * @param file for messages
   * @param extents of the input, −1 where the file leaves one open
   * @param metadata of the file
   * @throws DdpmException (data) if it is no image; (user) naming the setting that is needed
   */
  static OnnxInput of(
      String file,
      String name,
      boolean bytes,
      long[] extents,
      Map<String, String> metadata,
      OnnxSettings settings) {
    String shown = name + " " + Arrays.toString(extents);
    if (extents.length != 4 || (extents[0] != 1 && extents[0] != -1)) {
      throw DdpmException.data(
          "%s takes the input %s: one image is needed, of shape (1, channels, height, width) or (1,"
              + " height, width, channels), where an open extent is -1.",
          file, shown);
    }
    if (metadata.getOrDefault(PIXEL_FORMAT, "").toLowerCase(Locale.ROOT).startsWith("bgr")) {
      throw DdpmException.data(
          "%s takes the colours as blue, green, red (%s): only networks of red, green, blue can be"
              + " used.",
          file, PIXEL_FORMAT);
    }
    Layout layout = settings.layout().orElseGet(() -> layout(file, shown, extents));
    int channelsAt = layout == Layout.NCHW ? 1 : 3;
    if (!isChannels(extents[channelsAt])) {
      throw DdpmException.data(
          "%s takes the input %s, in the layout %s one of %d channels: 1 (grey) or 3 (RGB) are"
              + " needed.",
          file, shown, layout.name().toLowerCase(Locale.ROOT), extents[channelsAt]);
    }
    int rowsAt = layout == Layout.NCHW ? 2 : 1;
    Size size = size(file, shown, extents[rowsAt], extents[rowsAt + 1], settings);
    return new OnnxInput(
        name,
        bytes,
        new ImageShape(size.height(), size.width(), (int) extents[channelsAt]),
        layout,
        range(file, bytes, metadata, settings));
  }

  private static boolean isChannels(long extent) {
    return extent == 1 || extent == 3;
  }

  private static Layout layout(String file, String shown, long[] extents) {
    boolean first = isChannels(extents[1]);
    boolean last = isChannels(extents[3]);
    if (first == last) {
      throw DdpmException.user(
          "%s takes the input %s, which does not tell where its channels are: add ,layout=nchw or"
              + " ,layout=nhwc.",
          file, shown);
    }
    return first ? Layout.NCHW : Layout.NHWC;
  }

  private static Size size(
      String file, String shown, long height, long width, OnnxSettings settings) {
    if (settings.size().isPresent()) {
      Size size = settings.size().get();
      if ((height > 0 && height != size.height()) || (width > 0 && width != size.width())) {
        throw DdpmException.user(
            "%s takes the input %s: its size cannot be changed to %dx%d.",
            file, shown, size.height(), size.width());
      }
      return size;
    }
    if (height < 1 || width < 1) {
      throw DdpmException.user(
          "%s takes the input %s, of any size: add ,size=HEIGHTxWIDTH, that of its training.",
          file, shown);
    }
    if (height > MAXIMUM_SIDE || width > MAXIMUM_SIDE) {
      throw DdpmException.data(
          "%s takes the input %s: no side may have more than %d pixels.",
          file, shown, MAXIMUM_SIDE);
    }
    return new Size((int) height, (int) width);
  }

  private static ValueRange range(
      String file, boolean bytes, Map<String, String> metadata, OnnxSettings settings) {
    if (bytes) {
      if (settings.range().isPresent() && !settings.range().get().equals(ValueRange.BYTES)) {
        throw DdpmException.user(
            "%s takes bytes: its range is %s and cannot be changed to %s.",
            file, ValueRange.BYTES, settings.range().get());
      }
      return ValueRange.BYTES;
    }
    if (settings.range().isPresent()) {
      return settings.range().get();
    }
    String stored = metadata.getOrDefault(PIXEL_RANGE, "");
    return switch (stored) {
      case "NominalRange_0_255" -> ValueRange.BYTES;
      case "Normalized_0_1" -> ValueRange.between(0, 1);
      case "Normalized_1_1" -> ValueRange.MINUS_ONE_TO_ONE;
      default ->
          throw DdpmException.user(
              "%s does not say of what range the values of its input are (%s): add ,range=0..255,"
                  + " ,range=0..1, ,range=-1..1 or ,range=imagenet.",
              file, stored.isEmpty() ? "no " + PIXEL_RANGE : PIXEL_RANGE + " = " + stored);
    };
  }

  /** The extents of one image. */
  long[] extents() {
    return layout == Layout.NCHW
        ? new long[] {1, shape.channels(), shape.height(), shape.width()}
        : new long[] {1, shape.height(), shape.width(), shape.channels()};
  }

  /** Position of a value with channels last, in the layout of the input. */
  int position(int value) {
    if (layout == Layout.NHWC) {
      return value;
    }
    int channels = shape.channels();
    return value % channels * shape.height() * shape.width() + value / channels;
  }
}
