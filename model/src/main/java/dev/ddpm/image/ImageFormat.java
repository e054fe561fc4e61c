package dev.ddpm.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** The file formats that can be decoded, told apart by how a file begins, never by its name. */
enum ImageFormat {
  PNG("PNG", "\\x89PNG\\r\\n\\x1a\\n"),
  JPEG("JPEG", "\\xff\\xd8\\xff"),
  GIF("GIF", "GIF8"),
  BMP("BMP", "BM"),
  WEBP("WebP", "RIFF....WEBP"),
  TIFF("TIFF", "II[*+]\\x00|MM\\x00[*+]");

  /** As many bytes as the longest signature has. */
  private static final int SIGNATURE = 16;

  private final String title;
  private final Pattern signature;

  ImageFormat(String title, String signature) {
    this.title = title;
    this.signature = signature(signature);
  }

  /** The format whose signature the bytes begin with. */
  static Optional<ImageFormat> of(byte[] encoded) {
    return Arrays.stream(values())
        .filter(format -> beginsWith(format.signature, encoded))
        .findFirst();
  }

  /** All of them, as a sentence has them. */
  static String all() {
    return "PNG, JPEG, GIF, BMP, WebP or TIFF";
  }

  /** A pattern of bytes, in which a character stands for the byte of its number. */
  static Pattern signature(String pattern) {
    return Pattern.compile(pattern, Pattern.DOTALL);
  }

  /** Whether bytes begin as a pattern of {@link #signature} says. */
  static boolean beginsWith(Pattern signature, byte[] encoded) {
    int length = Math.min(encoded.length, SIGNATURE);
    return signature
        .matcher(new String(encoded, 0, length, StandardCharsets.ISO_8859_1))
        .lookingAt();
  }

  /** How people write it. */
  @Override
  public String toString() {
    return title;
  }
}
