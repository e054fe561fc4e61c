package dev.ddpm.spark.ingest;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * The bytes of a file as its file system gives them. A failure of the file system becomes a {@link
 * Failure}: what a reader of the content throws beside that, a decompressor for instance, is then
 * known for damage.
 */
final class StoredBytes extends FilterInputStream {

  /** The file system could not give the bytes; the cause is what it said. */
  static final class Failure extends IOException {
    private static final long serialVersionUID = 1L;

    Failure(IOException cause) {
      super(cause.getMessage(), cause);
    }

    @Override
    public synchronized IOException getCause() {
      return (IOException) super.getCause();
    }
  }

  StoredBytes(InputStream file) {
    super(file);
  }

  @Override
  public int read() throws IOException {
    try {
      return super.read();
    } catch (IOException e) {
      throw new Failure(e);
    }
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    try {
      return super.read(to, offset, length);
    } catch (IOException e) {
      throw new Failure(e);
    }
  }

  @Override
  public long skip(long bytes) throws IOException {
    try {
      return super.skip(bytes);
    } catch (EOFException e) {
      // Some file systems say so of a place beyond the end.
      throw e;
    } catch (IOException e) {
      throw new Failure(e);
    }
  }

  @Override
  public int available() throws IOException {
    try {
      return super.available();
    } catch (IOException e) {
      throw new Failure(e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      super.close();
    } catch (IOException e) {
      throw new Failure(e);
    }
  }
}
