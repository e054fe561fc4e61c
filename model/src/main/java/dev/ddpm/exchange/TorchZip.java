package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A zip file of {@code torch.save}: NAME/data.pkl, and NAME/data/KEY for the bytes of each storage.
 * PyTorch compresses nothing, so an entry has as many bytes as the file has for it.
 */
final class TorchZip implements TorchFile.Storages {
  private static final String PICKLE = "data.pkl";

  private final Path file;
  private final ZipFile zip;
  private final String folder;

  private TorchZip(Path file, ZipFile zip, String folder) {
    this.file = file;
    this.zip = zip;
    this.folder = folder;
  }

  /**
   * Opens a file.
   *
   * @throws DdpmException (data) if it is damaged, or no file of PyTorch
   */
  static TorchZip open(Path file) throws IOException {
    ZipFile zip;
    try {
      zip = new ZipFile(file.toFile());
    } catch (ZipException | IllegalArgumentException damaged) {
      throw DdpmException.data(damaged, "%s is a damaged or incomplete zip file.", file);
    }
    try {
      String folder = folder(file, zip);
      TorchZip opened = new TorchZip(file, zip, folder);
      opened.requireLittleEndian();
      return opened;
    } catch (DdpmException | IOException refused) {
      zip.close();
      throw refused;
    }
  }

  private static String folder(Path file, ZipFile zip) {
    String found = null;
    for (Iterator<? extends ZipEntry> entries = zip.entries().asIterator(); entries.hasNext(); ) {
      String name = entries.next().getName();
      if (name.endsWith("/" + PICKLE) && name.indexOf('/') == name.length() - PICKLE.length() - 1) {
        if (found != null) {
          throw DdpmException.data("%s is a zip file with several %s.", file, PICKLE);
        }
        found = name.substring(0, name.length() - PICKLE.length());
      }
    }
    if (found == null) {
      throw DdpmException.data(
          "%s is a zip file, but none of torch.save: there is no %s in it.", file, PICKLE);
    }
    return found;
  }

  private void requireLittleEndian() throws IOException {
    ZipEntry order = zip.getEntry(folder + "byteorder");
    if (order == null) {
      return;
    }
    try (InputStream in = stored(order)) {
      String text = new String(in.readNBytes(16), StandardCharsets.US_ASCII);
      if (!text.equals("little")) {
        throw DdpmException.data(
            "%s was written on a machine of another byte order: only little-endian files can be"
                + " read.",
            file);
      }
    }
  }

  /** What the pickle says. */
  Object content() throws IOException {
    try (InputStream in = stored(zip.getEntry(folder + PICKLE))) {
      return Pickle.read(
          new PickleInput(
              new BufferedInputStream(in), zip.getEntry(folder + PICKLE).getCompressedSize()),
          new PickleNames());
    } catch (ZipException damaged) {
      zip.close();
      throw DdpmException.data(damaged, "%s is damaged.", file);
    } catch (DdpmException refused) {
      zip.close();
      throw DdpmException.data(refused, "%s cannot be used: %s", file, refused.getMessage());
    }
  }

  @Override
  public long length(String key) {
    ZipEntry entry = zip.getEntry(folder + "data/" + key);
    return entry == null || !isStored(entry) ? 0 : entry.getSize();
  }

  @Override
  public InputStream open(String key, long position) throws IOException {
    InputStream in = stored(zip.getEntry(folder + "data/" + key));
    in.skipNBytes(position);
    return in;
  }

  private InputStream stored(ZipEntry entry) throws IOException {
    if (!isStored(entry)) {
      throw DdpmException.data(
          "%s has the compressed entry %s: PyTorch compresses nothing, and what it would become is"
              + " not known before.",
          file, StateDicts.shortened(entry.getName()));
    }
    return zip.getInputStream(entry);
  }

  private static boolean isStored(ZipEntry entry) {
    return entry.getMethod() == ZipEntry.STORED && entry.getSize() == entry.getCompressedSize();
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
