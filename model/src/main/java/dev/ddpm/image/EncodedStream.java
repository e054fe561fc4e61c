package dev.ddpm.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.IIOException;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The bytes of a picture for a decoder. Decoders that do not look whether there are bytes left,
 * read on for ever in a damaged file: after some tries beyond the end this fails instead.
 */
final class EncodedStream extends MemoryCacheImageInputStream {
  private static final int TRIES = 1000;

  private int tries;

  EncodedStream(byte[] encoded) {
    super(new ByteArrayInputStream(encoded));
  }

  @Override
  public int read() throws IOException {
    int value = super.read();
    countIfEnded(value);
    return value;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    int count = super.read(to, offset, length);
    countIfEnded(count);
    return count;
  }

  private void countIfEnded(int result) throws IOException {
    if (result < 0 && ++tries > TRIES) {
      // No EOFException, which such a decoder takes for zeros.
      throw new IIOException("the file ends too early");
    }
  }
}
