package dev.ddpm.spark.io;

import dev.ddpm.checkpoint.Checksum;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.Optional;
import org.apache.parquet.io.PositionOutputStream;

/**
 * A Parquet file on its way into a stream. Rows pass through; what follows the last of them is held
 * back until the end, when the digest of the file can be put into it, see {@link ParquetSeal}.
 */
final class SealingStream extends PositionOutputStream {
  private final OutputStream out;
  private final MessageDigest digest = Checksum.digest();
  private Optional<ByteArrayOutputStream> tail = Optional.empty();
  private long position;

  SealingStream(OutputStream out) {
    this.out = out;
  }

  /** From here on there are only indices of pages and the footer. */
  void endOfRows() {
    tail = Optional.of(new ByteArrayOutputStream());
  }

  @Override
  public long getPos() {
    return position;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (tail.isPresent()) {
      tail.get().write(bytes, offset, length);
    } else {
      digest.update(bytes, offset, length);
      out.write(bytes, offset, length);
    }
    position += length;
  }

  @Override
  public void flush() throws IOException {
    out.flush();
  }

  @Override
  public void close() throws IOException {
    try (out) {
      if (tail.isPresent()) {
        byte[] last = tail.get().toByteArray();
        tail = Optional.empty();
        ParquetSeal.seal(digest, last);
        out.write(last);
      }
    }
  }
}
