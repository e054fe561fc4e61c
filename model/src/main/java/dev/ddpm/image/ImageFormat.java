package dev.ddpm.image;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/** The file formats that can be decoded, told apart by how a file begins, never by its name. */
enum ImageFormat {
  PNG("png", "89504e470d0a1a0a"),
  JPEG("jpeg", "ffd8ff"),
  GIF("gif", "47494638"),
  BMP("bmp", "424d");

  private final String readerName;
  private final String signature;

  ImageFormat(String readerName, String signature) {
    this.readerName = readerName;
    this.signature = signature;
  }

  /** The format whose signature the bytes begin with. */
  static Optional<ImageFormat> of(byte[] encoded) {
    return Arrays.stream(values()).filter(format -> format.begins(encoded)).findFirst();
  }

  private boolean begins(byte[] encoded) {
    int length = signature.length() / 2;
    return encoded.length >= length
        && HexFormat.of().formatHex(encoded, 0, length).equals(signature);
  }

  /** The name under which ImageIO knows the format's reader. */
  String readerName() {
    return readerName;
  }
}
