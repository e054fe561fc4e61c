package dev.ddpm.image;

import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;

/**
 * Remembers the first thing a decoder only warned about, such as the missing end of a JPEG file,
 * where it goes on with invented pixels.
 */
final class DecoderWarnings implements IIOReadWarningListener {
  private String first;

  @Override
  public void warningOccurred(ImageReader source, String warning) {
    if (first == null) {
      first = warning;
    }
  }

  /** The first warning, or null. */
  String first() {
    return first;
  }
}
