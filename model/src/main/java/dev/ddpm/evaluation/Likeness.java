package dev.ddpm.evaluation;

import dev.ddpm.image.ImageShape;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How like an image is to another, when the other may be mirrored, shifted by a pixel, and made
 * brighter or of more contrast: the best of all these.
 *
 * @param difference what of the image's variation the other does not explain, 0 for a copy to 1 for
 *     images that have nothing in common: √(1 − ρ²), ρ the correlation of the pixels that both have
 * @param mirrored whether the other has to be mirrored, left to right
 * @param down by how many pixels it then has to be shifted down, −1 to 1
 * @param right by how many to the right, −1 to 1
 * @param gain by what its levels then have to be multiplied
 * @param offset and what has to be added to them
 */
public record Likeness(
    double difference, boolean mirrored, int down, int right, double gain, double offset)
    implements Serializable {
  private static final int REACH = 1;

  /** Levels of the other image that may have been brightened beyond white, or darkened to black. */
  private static final int BRIGHT = 128;

  private static final int DARK = 64;

  /** What is told of a change of brightness: less is rounding. */
  private static final double NOTABLE_GAIN = 0.02;

  private static final double NOTABLE_OFFSET = 2;

  /**
   * Compares two images.
   *
   * @param image unsigned bytes of shape (height, width, channels), row-major
   * @param other the same of the image that may have been copied
   */
  public static Likeness of(byte[] image, byte[] other, ImageShape shape) {
    Likeness best = null;
    for (int turn = 0; turn < 2; turn++) {
      for (int down = -REACH; down <= REACH; down++) {
        for (int right = -REACH; right <= REACH; right++) {
          Likeness found = aligned(image, other, shape, turn == 1, down, right);
          if (best == null || found.isBetterThan(best)) {
            best = found;
          }
        }
      }
    }
    return best;
  }

  /** Where two explain as much, the one that changes less. */
  private boolean isBetterThan(Likeness other) {
    return difference < other.difference
        || (difference == other.difference && changes() < other.changes());
  }

  private int changes() {
    return (mirrored ? 1 : 0) + Math.abs(down) + Math.abs(right);
  }

  private static Likeness aligned(
      byte[] image, byte[] other, ImageShape shape, boolean mirrored, int down, int right) {
    Sums all = new Sums();
    Sums unclipped = new Sums();
    int channels = shape.channels();
    for (int y = Math.max(0, down); y < shape.height() + Math.min(0, down); y++) {
      for (int x = Math.max(0, right); x < shape.width() + Math.min(0, right); x++) {
        int otherX = mirrored ? shape.width() - 1 - (x - right) : x - right;
        int at = (y * shape.width() + x) * channels;
        int otherAt = ((y - down) * shape.width() + otherX) * channels;
        for (int c = 0; c < channels; c++) {
          int value = image[at + c] & 0xff;
          int explaining = other[otherAt + c] & 0xff;
          all.add(value, explaining);
          if (!isClipped(value, explaining)) {
            unclipped.add(value, explaining);
          }
        }
      }
    }
    Sums sums = 2 * unclipped.count >= all.count ? unclipped : all;
    return sums.likeness(mirrored, down, right);
  }

  private static boolean isClipped(int value, int explaining) {
    return (value == 255 && explaining >= BRIGHT && explaining < 255)
        || (value == 0 && explaining > 0 && explaining < DARK);
  }

  private static final class Sums {
    private long count;
    private long x;
    private long y;
    private long xx;
    private long yy;
    private long xy;

    void add(int value, int explaining) {
      count++;
      y += value;
      x += explaining;
      yy += (long) value * value;
      xx += (long) explaining * explaining;
      xy += (long) value * explaining;
    }

    Likeness likeness(boolean mirrored, int down, int right) {
      double varianceX = (double) xx * count - (double) x * x;
      double varianceY = (double) yy * count - (double) y * y;
      double covariance = (double) xy * count - (double) x * y;
      if (varianceX <= 0 || varianceY <= 0) {
        boolean bothFlat = varianceX <= 0 && varianceY <= 0;
        return new Likeness(bothFlat ? 0 : 1, mirrored, down, right, 1, 0);
      }
      double explained =
          covariance <= 0 ? 0 : Math.min(1, covariance / varianceX * (covariance / varianceY));
      double gain = covariance / varianceX;
      double offset = (y - gain * x) / count;
      return new Likeness(Math.sqrt(1 - explained), mirrored, down, right, gain, offset);
    }
  }

  /** What was done to the other image, in a few words. */
  public String describe() {
    List<String> changes = new ArrayList<>();
    if (mirrored) {
      changes.add("mirrored");
    }
    if (down != 0 || right != 0) {
      changes.add("shifted by (%d, %d) pixels (down, right)".formatted(down, right));
    }
    if (Math.abs(gain - 1) > NOTABLE_GAIN || Math.abs(offset) > NOTABLE_OFFSET) {
      changes.add(String.format(Locale.ROOT, "levels times %.2f %+.0f", gain, offset));
    }
    return changes.isEmpty() ? "as it is" : String.join(", ", changes);
  }
}
