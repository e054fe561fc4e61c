package dev.ddpm.image;

import java.io.Serializable;

/**
 * Which channels an image shall have, whatever it came with. Grey becomes colour by repetition,
 * colour becomes grey by ITU-R BT.601 luma, missing alpha becomes opaque, and alpha that is dropped
 * is composited on the background first.
 *
 * @param channels the channels of the result
 * @param background what shows through where alpha is dropped
 */
public record ChannelPolicy(Channels channels, Rgb background) implements Serializable {

  private static final int OPAQUE = 255;

  /** Converts an image; one that has the wanted channels is returned as it is. */
  public RawImage apply(RawImage image) {
    if (image.channels() == channels.count()) {
      return image;
    }
    byte[] from = image.pixels();
    byte[] to = new byte[image.height() * image.width() * channels.count()];
    int fromChannels = image.channels();
    for (int i = 0, o = 0; i < from.length; i += fromChannels, o += channels.count()) {
      int red = from[i] & 0xff;
      int green = fromChannels == 1 ? red : from[i + 1] & 0xff;
      int blue = fromChannels == 1 ? red : from[i + 2] & 0xff;
      if (fromChannels == 4) {
        int alpha = from[i + 3] & 0xff;
        red = over(red, background.red(), alpha);
        green = over(green, background.green(), alpha);
        blue = over(blue, background.blue(), alpha);
      }
      if (channels == Channels.GREY) {
        to[o] = (byte) Rgb.luma(red, green, blue);
      } else {
        to[o] = (byte) red;
        to[o + 1] = (byte) green;
        to[o + 2] = (byte) blue;
        if (channels == Channels.RGBA) {
          to[o + 3] = (byte) OPAQUE;
        }
      }
    }
    return new RawImage(image.height(), image.width(), channels.count(), to);
  }

  private static int over(int colour, int background, int alpha) {
    return (colour * alpha + background * (OPAQUE - alpha) + OPAQUE / 2) / OPAQUE;
  }
}
