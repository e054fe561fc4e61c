package dev.ddpm.image;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** File formats that cannot be decoded, but named for what they are. */
enum ForeignFormat {
  HEIC("a HEIC picture", "....ftyp(hei|hev|mif1|msf1)"),
  AVIF("an AVIF picture", "....ftypavi[fs]"),
  CR3("a Canon camera's raw picture", "....ftypcrx"),
  JPEG_XL("a JPEG XL picture", "\\xff\\x0a|\\x00{3}\\x0cJXL "),
  JPEG_2000("a JPEG 2000 picture", "\\x00{3}\\x0cjP  |\\xff\\x4f\\xff\\x51"),
  PHOTOSHOP("a Photoshop picture", "8BPS"),
  ICON("a Windows icon", "\\x00\\x00\\x01\\x00"),
  EXR("an OpenEXR picture", "\\x76\\x2f\\x31\\x01"),
  SVG("an SVG drawing", "<svg"),
  PDF("a PDF document", "%PDF"),
  HTML("an HTML page", "(?i)\\s*<(!doctype html|html)");

  private final String title;
  private final Pattern signature;

  ForeignFormat(String title, String signature) {
    this.title = title;
    this.signature = ImageFormat.signature(signature);
  }

  /** The format whose signature the bytes begin with. */
  static Optional<ForeignFormat> of(byte[] encoded) {
    return Arrays.stream(values())
        .filter(format -> ImageFormat.beginsWith(format.signature, encoded))
        .findFirst();
  }

  /** With its article. */
  @Override
  public String toString() {
    return title;
  }
}
