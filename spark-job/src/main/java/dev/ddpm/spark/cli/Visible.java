package dev.ddpm.spark.cli;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.Locale;

/**
 * Text on its way to a terminal, in which every character shows. Names of files, keys and values
 * come from anywhere; a control character in one could move the cursor or change a title, and one
 * that turns the direction of writing could make a name look like another.
 */
final class Visible extends FilterWriter {

  private Visible(Writer terminal) {
    super(terminal);
  }

  /** Prints what it is given, with such characters as {@code \\u202e}, and flushes every line. */
  static PrintWriter printing(PrintWriter terminal) {
    return new PrintWriter(new Visible(terminal), true);
  }

  @Override
  public void write(int character) throws IOException {
    write(Character.toString((char) character), 0, 1);
  }

  @Override
  public void write(char[] text, int from, int length) throws IOException {
    write(new String(text, from, length), 0, length);
  }

  @Override
  public void write(String text, int from, int length) throws IOException {
    out.write(escape(text.substring(from, from + length)));
  }

  private static String escape(String text) {
    if (text.codePoints().noneMatch(Visible::acts)) {
      return text;
    }
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(
            character -> {
              if (acts(character)) {
                escaped.append(String.format(Locale.ROOT, "\\u%04x", character));
              } else {
                escaped.appendCodePoint(character);
              }
            });
    return escaped.toString();
  }

  /** Whether a terminal does something with the character other than to show it. */
  private static boolean acts(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL -> character != '\n' && character != '\t';
      case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      default -> false;
    };
  }
}
