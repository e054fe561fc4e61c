package dev.ddpm.image;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A sheet with a row of images per caption, which stands at its left. */
public final class CaptionedRows {
  private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 14);
  private static final int LONGEST_CAPTION = 24;
  private static final int GAP = 6;

  private CaptionedRows() {}

  /**
   * A row.
   *
   * @param caption what it is called; the end of a long one is left out
   * @param images at most as many as the sheet has columns
   */
  public record Row(String caption, List<RawImage> images) {
    /** Copies the list. */
    public Row {
      images = List.copyOf(images);
    }
  }

  /**
   * Makes the sheet, on white, images shorter than 64 pixels enlarged to that or a little less.
   *
   * @param rows at least one with an image; all images of the same height, width and channels
   * @return an image of those channels
   * @throws dev.ddpm.DdpmException (data) as {@link ContactSheet#compose}
   */
  public static RawImage compose(List<Row> rows) {
    int columns = rows.stream().mapToInt(row -> row.images().size()).max().orElse(0);
    RawImage first = rows.stream().flatMap(row -> row.images().stream()).findFirst().orElseThrow();
    ContactSheet usual = ContactSheet.of(rows.size() * columns, first.height());
    List<RawImage> cells = new ArrayList<>();
    for (Row row : rows) {
      cells.addAll(row.images());
      for (int i = row.images().size(); i < columns; i++) {
        cells.add(blank(first));
      }
    }
    RawImage sheet =
        new ContactSheet(columns, usual.margin(), usual.scale(), usual.background()).compose(cells);
    int pitch = first.height() * usual.scale() + usual.margin();
    return beside(captions(rows, sheet.height(), pitch), sheet);
  }

  private static RawImage blank(RawImage like) {
    byte[] pixels = new byte[like.pixels().length];
    Canvas.fill(pixels, like.channels(), Rgb.WHITE);
    return new RawImage(like.height(), like.width(), like.channels(), pixels);
  }

  /** The captions below each other, black on white, each in the middle of its row. */
  private static BufferedImage captions(List<Row> rows, int height, int pitch) {
    List<String> texts = rows.stream().map(row -> shortened(row.caption())).toList();
    FontMetrics metrics =
        graphics(new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_GRAY)).getFontMetrics();
    int width = texts.stream().mapToInt(metrics::stringWidth).max().orElse(0) + 2 * GAP;
    var strip = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    Graphics2D graphics = graphics(strip);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height);
    graphics.setColor(Color.BLACK);
    for (int i = 0; i < texts.size(); i++) {
      int middle = i * pitch + pitch / 2;
      graphics.drawString(
          texts.get(i), GAP, middle + (metrics.getAscent() - metrics.getDescent()) / 2);
    }
    graphics.dispose();
    return strip;
  }

  private static Graphics2D graphics(BufferedImage image) {
    Graphics2D graphics = image.createGraphics();
    graphics.setFont(FONT);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    return graphics;
  }

  private static String shortened(String caption) {
    int characters = caption.codePointCount(0, caption.length());
    return characters <= LONGEST_CAPTION
        ? caption
        : caption.substring(0, caption.offsetByCodePoints(0, LONGEST_CAPTION - 1)) + "…";
  }

  private static RawImage beside(BufferedImage left, RawImage right) {
    int channels = right.channels();
    int width = left.getWidth() + right.width();
    byte[] pixels = new byte[right.height() * width * channels];
    Canvas.fill(pixels, channels, Rgb.WHITE);
    for (int y = 0; y < right.height(); y++) {
      for (int x = 0; x < left.getWidth(); x++) {
        int at = (y * width + x) * channels;
        byte grey = (byte) left.getRaster().getSample(x, y, 0);
        Arrays.fill(pixels, at, at + Math.min(channels, 3), grey);
      }
    }
    Canvas.paste(right, pixels, width, 0, left.getWidth());
    return new RawImage(right.height(), width, channels, pixels);
  }
}
