package dev.ddpm.spark.ingest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/** A zip archive, read by its directory, which is at its end. */
final class ZipEntries implements ArchiveEntries {
  /** Length of the record at the end, without the comment that may follow. */
  private static final int END = 22;

  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END_COUNT = 10;
  private static final int LONGEST_COMMENT = 0xffff;

  /** What the record says where there are more entries than it can count. */
  private static final int UNKNOWN = 0xffff;

  private final ZipFile zip;
  private final Enumeration<ZipArchiveEntry> entries;
  private final int told;
  private long found;

  private ZipEntries(ZipFile zip, int told) {
    this.zip = zip;
    this.told = told;
    entries = zip.getEntriesInPhysicalOrder();
  }

  /** Opens an archive and reads its directory. */
  static ZipEntries open(InputFiles files, ArchiveFile archive) throws IOException {
    StoredChannel file = files.channel(archive.path(), archive.bytes());
    try {
      int told = count(file);
      return new ZipEntries(
          new ZipFile(file, archive.name(), StandardCharsets.UTF_8.name(), true), told);
    } catch (StoredBytes.Failure e) {
      file.close();
      throw e;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw new IOException("its directory, which is at its end, is missing or makes no sense", e);
    }
  }

  /**
   * How many entries the directory has by the record after it, or the lower 16 bits of that; {@link
   * #UNKNOWN} if the record does not say.
   */
  private static int count(StoredChannel file) throws IOException {
    ByteBuffer tail = ByteBuffer.allocate((int) Math.min(file.size(), END + LONGEST_COMMENT));
    file.position(file.size() - tail.capacity());
    while (tail.hasRemaining() && file.read(tail) >= 0) {
      // It gives what it has.
    }
    file.position(0);
    tail.flip().order(ByteOrder.LITTLE_ENDIAN);
    for (int at = tail.limit() - END; at >= 0; at--) {
      if (tail.getInt(at) == END_SIGNATURE) {
        return tail.getShort(at + END_COUNT) & UNKNOWN;
      }
    }
    return UNKNOWN;
  }

  @Override
  public Optional<ArchiveItem> next() throws IOException {
    while (entries.hasMoreElements()) {
      ZipArchiveEntry entry = entries.nextElement();
      found++;
      if (!entry.isDirectory()) {
        return Optional.of(item(entry));
      }
    }
    // The library ends without a word where the directory makes no sense.
    if (told != UNKNOWN && told != (found & UNKNOWN)) {
      throw new IOException(
          "its directory should tell of " + told + " entries and tells of " + found);
    }
    return Optional.empty();
  }

  @Override
  public boolean outliveDamage() {
    return true;
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }

  private ArchiveItem item(ZipArchiveEntry entry) {
    return new ArchiveItem(
        ArchiveItem.normalised(entry.getName()),
        entry.getSize(),
        OptionalLong.of(entry.getCrc()),
        entry.isUnixSymlink() ? Optional.of("is a link in an archive") : Optional.empty(),
        unreadable(entry),
        () -> zip.getInputStream(entry));
  }

  private Optional<String> unreadable(ZipArchiveEntry entry) {
    if (entry.getGeneralPurposeBit().usesEncryption()) {
      return Optional.of("is encrypted");
    }
    return zip.canReadEntryData(entry)
        ? Optional.empty()
        : Optional.of("is compressed by method " + entry.getMethod() + ", which cannot be read");
  }
}
