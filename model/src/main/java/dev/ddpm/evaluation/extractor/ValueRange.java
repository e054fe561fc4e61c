package dev.ddpm.evaluation.extractor;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The values that a network takes for black and for white.
 *
 * @param name as users write it
 * @param black of each channel, or one of all
 * @param white likewise
 */
public record ValueRange(String name, List<Float> black, List<Float> white)
    implements Serializable {
  /** From −1 to 1. */
  public static final ValueRange MINUS_ONE_TO_ONE = between(-1, 1);

  /** From 0 to 255, as images are stored. */
  public static final ValueRange BYTES = between(0, 255);

  /**
   * As PyTorch's classifiers of ImageNet take them: minus the mean of each colour, divided by its
   * standard deviation.
   */
  public static final ValueRange IMAGENET =
      new ValueRange(
          "imagenet",
          List.of(-0.485f / 0.229f, -0.456f / 0.224f, -0.406f / 0.225f),
          List.of((1 - 0.485f) / 0.229f, (1 - 0.456f) / 0.224f, (1 - 0.406f) / 0.225f));

  private static final Pattern BETWEEN =
      Pattern.compile("(-?\\d{1,5}(?:\\.\\d{1,6})?)\\.\\.(-?\\d{1,5}(?:\\.\\d{1,6})?)");

  /** The same values for all channels. */
  public static ValueRange between(float black, float white) {
    return new ValueRange(shown(black) + ".." + shown(white), List.of(black), List.of(white));
  }

  /**
   * A range as users write it: {@code -1..1} or {@code imagenet}.
   *
   * @param option that it belongs to, for messages
   * @throws DdpmException (user) if it is none
   */
  public static ValueRange parse(String option, String text) {
    if (text.equals(IMAGENET.name())) {
      return IMAGENET;
    }
    Matcher matcher = BETWEEN.matcher(text);
    if (!matcher.matches()) {
      throw DdpmException.user(
          "%s: range=%s must be imagenet, or the values of black and white, such as -1..1.",
          option, text);
    }
    return between(Float.parseFloat(matcher.group(1)), Float.parseFloat(matcher.group(2)));
  }

  private static String shown(float value) {
    return value == Math.rint(value) ? String.valueOf((int) value) : String.valueOf(value);
  }

  /**
   * A value of the range.
   *
   * @param share 0 for black to 1 for white
   * @param channel of the pixel
   */
  public float of(float share, int channel) {
    int at = black.size() == 1 ? 0 : channel;
    float darkest = black.get(at);
    return darkest + share * (white.get(at) - darkest);
  }

  @Override
  public String toString() {
    return name;
  }
}
