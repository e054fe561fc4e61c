package dev.ddpm.spark.ingest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * A file of any file system as a channel to read from. As in {@link StoredBytes}, a failure of the
 * file system becomes a {@link StoredBytes.Failure}.
 */
final class StoredChannel implements SeekableByteChannel {
  private static final int CHUNK = 1 << 16;

  private final FSDataInputStream file;
  private final long length;
  private long position;
  private boolean open = true;

  /** Reads an open file of a length, from its beginning on. */
  StoredChannel(FSDataInputStream file, long length) {
    this.file = file;
    this.length = length;
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    if (!open) {
      throw new ClosedChannelException();
    }
    if (position >= length) {
      return -1;
    }
    byte[] bytes = new byte[(int) Math.min(Math.min(to.remaining(), CHUNK), length - position)];
    try {
      if (file.getPos() != position) {
        file.seek(position);
      }
      int count = file.read(bytes, 0, bytes.length);
      if (count > 0) {
        to.put(bytes, 0, count);
        position += count;
      }
      return count;
    } catch (IOException e) {
      throw new StoredBytes.Failure(e);
    }
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public SeekableByteChannel position(long newPosition) {
    position = newPosition;
    return this;
  }

  @Override
  public long size() {
    return length;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() throws IOException {
    open = false;
    file.close();
  }

  @Override
  public int write(ByteBuffer from) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }
}
