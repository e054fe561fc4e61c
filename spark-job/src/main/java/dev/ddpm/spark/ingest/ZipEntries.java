package dev.ddpm.spark.ingest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/** A zip archive, read by its directory, which is at its end. */
final class ZipEntries implements ArchiveEntries {
  private final ZipFile zip;
  private final Enumeration<ZipArchiveEntry> entries;

  private ZipEntries(ZipFile zip) {
    this.zip = zip;
    entries = zip.getEntriesInPhysicalOrder();
  }

  /** Opens an archive and reads its directory. */
  static ZipEntries open(InputFiles files, ArchiveFile archive) throws IOException {
    StoredChannel file = files.channel(archive.path(), archive.bytes());
    try {
      return new ZipEntries(new ZipFile(file, archive.name(), StandardCharsets.UTF_8.name(), true));
    } catch (StoredBytes.Failure e) {
      file.close();
      throw e;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw new IOException("its directory, which is at its end, is missing or makes no sense", e);
    }
  }

  @Override
  public Optional<ArchiveItem> next() {
    while (entries.hasMoreElements()) {
      ZipArchiveEntry entry = entries.nextElement();
      if (!entry.isDirectory()) {
        return Optional.of(item(entry));
      }
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
