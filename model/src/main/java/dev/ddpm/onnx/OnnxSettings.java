package dev.ddpm.onnx;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.ValueRange;
import java.io.Serializable;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a user says of an ONNX file, which goes before what the file says of itself.
 *
 * @param size of the input, height × width
 * @param range of the values of the input
 * @param layout of the input
 * @param output the name of the output that is taken
 */
public record OnnxSettings(
    Optional<Size> size,
    Optional<ValueRange> range,
    Optional<Layout> layout,
    Optional<String> output) {
  private static final Pattern SETTING = Pattern.compile("(.*),([a-z]+)=([^,=]*)");
  private static final Pattern SIZE = Pattern.compile("([1-9]\\d{0,3})x([1-9]\\d{0,3})");

  /** Where the channels of an image stand. */
  public enum Layout {
    /** Before rows and columns, as PyTorch has them. */
    NCHW,
    /** Behind rows and columns, as TensorFlow has them. */
    NHWC
  }

  /**
   * The size of an input.
   *
   * @param height rows
   * @param width columns
   */
  public record Size(int height, int width) implements Serializable {}

  /**
   * A file with its settings, as users write them: {@code FILE[,size=HxW][,range=RANGE]
   * [,layout=nchw|nhwc][,output=NAME]}.
   *
   * @param file path of the file
   * @param settings what was said of it
   */
  public record Argument(String file, OnnxSettings settings) {

    /**
     * Takes an argument apart.
     *
     * @param option that it belongs to, for messages
     * @throws DdpmException (user) naming a setting that is not known or has a wrong value
     */
    public static Argument parse(String option, String text) {
      String file = text;
      OnnxSettings settings =
          new OnnxSettings(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
      for (Matcher m = SETTING.matcher(file); m.matches(); m = SETTING.matcher(file)) {
        settings = settings.with(option, m.group(2), m.group(3));
        file = m.group(1);
      }
      if (file.isEmpty()) {
        throw DdpmException.user("%s = onnx:%s: names no file.", option, text);
      }
      return new Argument(file, settings);
    }
  }

  private OnnxSettings with(String option, String name, String value) {
    return switch (name) {
      case "size" -> new OnnxSettings(Optional.of(size(option, value)), range, layout, output);
      case "range" ->
          new OnnxSettings(size, Optional.of(ValueRange.parse(option, value)), layout, output);
      case "layout" -> new OnnxSettings(size, range, Optional.of(layout(option, value)), output);
      case "output" -> new OnnxSettings(size, range, layout, Optional.of(value));
      default ->
          throw DdpmException.user(
              "%s: there is no setting %s of an ONNX file, but size, range, layout and output.",
              option, name);
    };
  }

  private static Size size(String option, String value) {
    Matcher matcher = SIZE.matcher(value);
    if (!matcher.matches()) {
      throw DdpmException.user(
          "%s: size=%s must be HEIGHTxWIDTH in pixels, such as 299x299.", option, value);
    }
    return new Size(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  private static Layout layout(String option, String value) {
    for (Layout layout : Layout.values()) {
      if (layout.name().toLowerCase(Locale.ROOT).equals(value)) {
        return layout;
      }
    }
    throw DdpmException.user("%s: layout=%s must be nchw or nhwc.", option, value);
  }
}
