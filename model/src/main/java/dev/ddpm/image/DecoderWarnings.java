package dev.ddpm.image;

import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;

/**
 * Remembers the first thing a decoder only warned about, such as the missing end of a JPEG file,
 * where it goes on with invented pixels.
 */
final class DecoderWarnings implements IIOReadWarningListener {
  /** How decoders of WebP and TIFF begin when they pass over what is no part of the picture. */
  private static final String HARMLESS = "Ignoring ";

  private String first;

  @Override
  public void warningOccurred(ImageReader source, String warning) {
    if (first == null && !warning.startsWith(HARMLESS)) {
      first = warning;
    }
  }

  /** The first warning of damage, or null. */
  String first() {
    return first;
  }
}
