package dev.ddpm.spark.ingest;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarUtils;

/** A tar archive as a stream: of any of the formats that tar, bsdtar and Python write. */
final class TarEntries implements ArchiveEntries {
  private static final int BUFFER = 1 << 16;

  private final DataInputStream file;
  private final Tar tar;

  /** Reads from an open file, uncompressed, which is closed with this. */
  TarEntries(DataInputStream file) {
    this.file = file;
    tar = new Tar(file);
  }

  /** Whether bytes are the header of an entry, by their checksum; old ones say no other way. */
  static boolean isHeader(byte[] block) {
    try {
      return TarUtils.verifyCheckSum(block);
    } catch (IllegalArgumentException e) {
      // Where a header has its checksum, this has no number.
      return false;
    }
  }

  @Override
  public Optional<ArchiveItem> next() throws IOException {
    try {
      TarArchiveEntry entry = (TarArchiveEntry) tar.getNextEntry();
      while (entry != null && entry.isDirectory()) {
        entry = (TarArchiveEntry) tar.getNextEntry();
      }
      if (entry == null) {
        checkEnd();
        return Optional.empty();
      }
      return Optional.of(
          new ArchiveItem(
              ArchiveItem.normalised(entry.getName()),
              entry.getRealSize(),
              OptionalLong.empty(),
              special(entry),
              Optional.empty(),
              () -> new Content(tar)));
    } catch (IOException e) {
      throw told(e);
    } catch (RuntimeException e) {
      // A damaged header can lead the reader anywhere.
      throw new IOException("one of its headers makes no sense", e);
    }
  }

  /** All that follows an entry is found by its length. */
  @Override
  public boolean outliveDamage() {
    return false;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private static Optional<String> special(TarArchiveEntry entry) {
    if (entry.isSymbolicLink() || entry.isLink()) {
      return Optional.of("is a link in an archive");
    }
    return entry.isFIFO() || entry.isCharacterDevice() || entry.isBlockDevice()
        ? Optional.of("is a device, a pipe or a socket")
        : Optional.empty();
  }

  /** Only zeros may follow; with the last byte, the checksum of gzip has been compared. */
  private void checkEnd() throws IOException {
    if (!tar.marked) {
      throw new EOFException();
    }
    byte[] rest = new byte[BUFFER];
    for (int count = file.read(rest); count >= 0; count = file.read(rest)) {
      for (int i = 0; i < count; i++) {
        if (rest[i] != 0) {
          throw new IOException("it goes on after its end, as archives joined to one file do");
        }
      }
    }
  }

  /** The library has no exception of its own for a file that ends too early. */
  private static IOException told(IOException error) {
    if (String.valueOf(error.getMessage()).startsWith("Truncated")) {
      EOFException end = new EOFException();
      end.initCause(error);
      return end;
    }
    return error;
  }

  /** The content of the entry that the archive stands at. */
  private static final class Content extends FilterInputStream {
    Content(InputStream tar) {
      super(tar);
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      try {
        return super.read(to, offset, length);
      } catch (IOException e) {
        throw told(e);
      }
    }

    /** The archive goes on. */
    @Override
    public void close() {}
  }

  /** Tells an archive that ends as one should from a file that merely ends. */
  private static final class Tar extends TarArchiveInputStream {
    /** Far more than the longest path. */
    private static final long LONGEST_NAME = 1 << 20;

    private boolean marked;
    private ArchiveEntry before;

    Tar(InputStream file) {
      super(file, StandardCharsets.UTF_8.name());
    }

    @Override
    public ArchiveEntry getNextEntry() throws IOException {
      before = getCurrentEntry();
      return super.getNextEntry();
    }

    /** The library asks this of every header, whose checksum it leaves unread. */
    @Override
    protected boolean isEOFRecord(byte[] block) {
      boolean end = super.isEOFRecord(block);
      // What follows the header of a sparse file has no checksum; that file is the current entry.
      if (!end && !marked && getCurrentEntry() == before && !isHeader(block)) {
        throw new IllegalStateException("a header has a wrong checksum");
      }
      marked |= end && block != null;
      return end;
    }

    @Override
    protected byte[] getLongNameData() throws IOException {
      if (getCurrentEntry().getSize() > LONGEST_NAME) {
        throw new IOException(
            "it has a name of " + getCurrentEntry().getSize() + " bytes, which no file has");
      }
      return super.getLongNameData();
    }
  }
}
