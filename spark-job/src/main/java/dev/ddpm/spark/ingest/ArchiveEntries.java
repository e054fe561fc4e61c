package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** An open archive: its entries, one after the other, in the order in which they are stored. */
interface ArchiveEntries extends Closeable {

  /** Bytes that show what a file is; a header of tar has as many. */
  int BEGINNING = 512;

  /**
   * The next entry that is no folder.
   *
   * @return empty after the last one
   * @throws IOException if the archive is damaged here; an {@link java.io.EOFException} if it ends
   *     too early; a {@link StoredBytes.Failure} if its file system does not answer. No more
   *     entries follow
   */
  Optional<ArchiveItem> next() throws IOException;

  /** Whether entries can still be read after one whose content is damaged. */
  boolean outliveDamage();

  /**
   * Opens an archive; what it is is told by its content.
   *
   * @throws DdpmException (data) if it is none that can be read, (environment) if its file system
   *     does not answer
   * @throws IOException as {@link #next} does
   */
  static ArchiveEntries open(InputFiles files, ArchiveFile archive) throws IOException {
    DataInputStream file = files.open(archive.path());
    try {
      file.mark(BEGINNING);
      byte[] beginning = file.readNBytes(BEGINNING);
      file.reset();
      if (ArchiveFormat.ZIP.begins(beginning)) {
        file.close();
        return ZipEntries.open(files, archive);
      }
      if (isTar(beginning)) {
        return new TarEntries(file);
      }
      throw noArchive(archive.name(), beginning);
    } catch (DdpmException | IOException e) {
      file.close();
      throw e;
    }
  }

  private static boolean isTar(byte[] beginning) {
    return beginning.length == BEGINNING
        && (TarArchiveInputStream.matches(beginning, BEGINNING)
            || TarEntries.isHeader(beginning)
            || Arrays.equals(beginning, new byte[BEGINNING]));
  }

  private static DdpmException noArchive(String name, byte[] beginning) {
    if (beginning.length == 0) {
      return DdpmException.data("%s is empty: a tar, tar.gz or zip archive is needed.", name);
    }
    return DdpmException.data(
        "%s is %s: a tar, tar.gz or zip archive is needed.",
        name,
        ArchiveFormat.of(beginning)
            .map(format -> format + ", which cannot be read")
            .orElse("no archive"));
  }
}
