package dev.ddpm.spark.ingest;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** Formats of archives that are told by how a file begins; of these, only zip is read. */
enum ArchiveFormat {
  ZIP("a zip archive", "PK(\\x03\\x04|\\x05\\x06)"),
  SPLIT_ZIP("a part of a zip archive in several files", "PK\\x07\\x08"),
  BZIP2("compressed by bzip2", "BZh"),
  XZ("compressed by xz", "\\xfd7zXZ\\x00"),
  ZSTANDARD("compressed by Zstandard", "\\x28\\xb5\\x2f\\xfd"),
  LZ4("compressed by LZ4", "\\x04\\x22\\x4d\\x18"),
  SEVEN_ZIP("a 7z archive", "7z\\xbc\\xaf\\x27\\x1c"),
  RAR("a RAR archive", "Rar!\\x1a\\x07");

  private final String title;
  private final Pattern signature;

  ArchiveFormat(String title, String signature) {
    this.title = title;
    this.signature = Pattern.compile(signature, Pattern.DOTALL);
  }

  /** The format that a file begins as. */
  static Optional<ArchiveFormat> of(byte[] beginning) {
    return Arrays.stream(values()).filter(format -> format.begins(beginning)).findFirst();
  }

  /** Whether a file begins as one of this format does. */
  boolean begins(byte[] beginning) {
    return signature.matcher(new String(beginning, StandardCharsets.ISO_8859_1)).lookingAt();
  }

  /** What goes on after "is". */
  @Override
  public String toString() {
    return title;
  }
}
