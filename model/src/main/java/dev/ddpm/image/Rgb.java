package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A colour.
 *
 * @param red 0 to 255
 * @param green 0 to 255
 * @param blue 0 to 255
 */
public record Rgb(int red, int green, int blue) implements Serializable {
  public static final Rgb BLACK = new Rgb(0, 0, 0);
  public static final Rgb WHITE = new Rgb(255, 255, 255);

  private static final Pattern HEX = Pattern.compile("#?[0-9a-fA-F]{6}");

  /** Checks the range. */
  public Rgb {
    if (((red | green | blue) & ~0xff) != 0) {
      throw DdpmException.user(
          "The colour (%d, %d, %d) does not exist: each part must be 0 to 255.", red, green, blue);
    }
  }

  /**
   * Reads six hexadecimal digits, such as {@code #ffffff}; the {@code #} may be left out.
   *
   * @throws DdpmException (user) if the text has another form
   */
  public static Rgb parse(String text) {
    if (!HEX.matcher(text).matches()) {
      throw DdpmException.user(
          "'%s' is not a colour: six hexadecimal digits such as #ffffff are needed.", text);
    }
    int value = Integer.parseInt(text.substring(text.length() - 6), 16);
    return new Rgb(value >> 16, value >> 8 & 0xff, value & 0xff);
  }

  /** Brightness, 0 to 255, by ITU-R BT.601. */
  public int luma() {
    return luma(red, green, blue);
  }

  /**
   * 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) in 16-bit fixed point, rounded. The weights add up
   * to 65536, so that grey (R = G = B) keeps its value.
   */
  static int luma(int red, int green, int blue) {
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
  }

  /** The colour as {@code #rrggbb}. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "#%02x%02x%02x", red, green, blue);
  }
}
