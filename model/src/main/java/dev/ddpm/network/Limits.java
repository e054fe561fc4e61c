package dev.ddpm.network;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import java.util.List;

/**
 * What the U-Nets of all kinds must fulfil, so that they exist and their sizes can be counted. What
 * does not is an error of the user that names the key, its value and what is allowed.
 */
final class Limits {
  /** More halvings than any image allows that can be decoded. */
  static final int MOST_LEVELS = 14;

  /** Residual blocks per level. */
  static final int MOST_BLOCKS = 1000;

  /** Channels of a level. */
  static final int MOST_CHANNELS = 1 << 16;

  private static final int MOST_IMAGE_CHANNELS = 4;

  /** Attention keeps a value per pair of positions: of 512 × 512 these are 256 GiB per image. */
  private static final int MOST_ATTENDED = 1 << 18;

  private Limits() {}

  static void between(String key, int value, long minimum, long maximum) {
    if (value < minimum || value > maximum) {
      throw DdpmException.user(
          "%s = %d: must be at least %d and at most %d.", key, value, minimum, maximum);
    }
  }

  static void imageSides(int channels, int height, int width) {
    between("image-channels", channels, 1, MOST_IMAGE_CHANNELS);
    between("height", height, 1, ImageCodec.MAX_PIXELS);
    between("width", width, 1, ImageCodec.MAX_PIXELS);
  }

  static void imagePixels(int height, int width) {
    if ((long) height * width > ImageCodec.MAX_PIXELS) {
      throw DdpmException.user(
          "height = %d, width = %d: an image may have at most %d pixels.",
          height, width, ImageCodec.MAX_PIXELS);
    }
  }

  /** A value and a flag per level. */
  static void levels(String key, List<Integer> values, List<Boolean> attention) {
    if (values.isEmpty()) {
      throw DdpmException.user("%s = []: at least one level is needed.", key);
    }
    if (values.size() > MOST_LEVELS) {
      throw DdpmException.user(
          "%s has %d levels: at most %d are allowed.", key, values.size(), MOST_LEVELS);
    }
    if (attention.size() != values.size()) {
      throw DdpmException.user(
          "attention has %d flags, but %s = %s has %d levels: one flag per level is needed.",
          attention.size(), key, values, values.size());
    }
  }

  static void dropout(double rate) {
    if (!(rate >= 0 && rate < 1)) {
      throw DdpmException.user("dropout = %s: must be at least 0 and below 1.", rate);
    }
  }

  static void classes(int rows) {
    between("classes", rows, 0, Architecture.MOST_CLASSES);
  }

  static void normGroups(int groups, long channels, int level) {
    if (channels % groups != 0) {
      throw DdpmException.user(
          "norm-groups = %d: must divide the %d channels of level %d.", groups, channels, level);
    }
  }

  /** The positions of a level whose blocks attend. */
  static void attended(List<Boolean> attention, int level, int height, int width) {
    long positions = (long) (height >> level) * (width >> level);
    if (positions > MOST_ATTENDED) {
      throw DdpmException.user(
          "attention = %s: level %d would attend over %d positions; at most %d are allowed, so"
              + " more levels or smaller images are needed.",
          attention, level, positions, MOST_ATTENDED);
    }
  }

  /** An image that is halved between levels. */
  static void halvings(int height, int width, int levels) {
    halvings("height", height, levels);
    halvings("width", width, levels);
  }

  private static void halvings(String key, int value, int levels) {
    int divisor = 1 << (levels - 1);
    if (value % divisor != 0) {
      throw DdpmException.user(
          "%s = %d: must be a multiple of %d, because %d levels halve the image %d times.",
          key, value, divisor, levels, levels - 1);
    }
  }
}
