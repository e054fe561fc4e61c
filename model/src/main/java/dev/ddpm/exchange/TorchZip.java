package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A zip file of {@code torch.save}: NAME/data.pkl, and NAME/data/KEY for the bytes of each storage.
 * PyTorch compresses nothing, so an entry has as many bytes as the file has for it.
 */
final class TorchZip implements TorchFile.Storages {
  private static final String PICKLE = "data.pkl";
  private static final int BUFFER_BYTES = 1 << 16;

  private final Path file;
  private final ZipFile zip;
  private final String folder;
  private final long fileBytes;
  private final Set<String> intact = new HashSet<>();

  private TorchZip(Path file, ZipFile zip) throws IOException {
    this.file = file;
    this.zip = zip;
    this.fileBytes = Files.size(file);
    this.folder = folder(zip);
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
      return new TorchZip(file, zip);
    } catch (DdpmException refused) {
      zip.close();
      throw cannotBeUsed(file, refused);
    } catch (IOException unreadable) {
      zip.close();
      throw unreadable;
    }
  }

  private static String folder(ZipFile zip) {
    String found = null;
    Set<String> names = new HashSet<>();
    for (Iterator<? extends ZipEntry> entries = zip.entries().asIterator(); entries.hasNext(); ) {
      String name = entries.next().getName();
      if (!names.add(name)) {
        throw DdpmException.data(
            "it is a zip file with several entries %s.", StateDicts.shortened(name));
      }
      if (name.endsWith("/" + PICKLE) && name.indexOf('/') == name.length() - PICKLE.length() - 1) {
        if (found != null) {
          throw DdpmException.data("it is a zip file with several %s.", PICKLE);
        }
        found = name.substring(0, name.length() - PICKLE.length());
      }
    }
    if (found == null) {
      throw DdpmException.data(
          "it is a zip file, but none of torch.save: there is no %s in it.", PICKLE);
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
        throw DdpmException.data("it was written on a machine of another byte order.");
      }
    }
  }

  @Override
  public Object content() throws IOException {
    ZipEntry entry = zip.getEntry(folder + PICKLE);
    try {
      requireLittleEndian();
      try (InputStream in = stored(entry)) {
        return Pickle.read(
            new PickleInput(new BufferedInputStream(in), entry.getSize()), new PickleNames());
      }
    } catch (ZipException | EOFException damaged) {
      throw DdpmException.data(damaged, "%s is damaged.", file);
    } catch (DdpmException refused) {
      throw cannotBeUsed(file, refused);
    }
  }

  private static DdpmException cannotBeUsed(Path file, DdpmException refused) {
    return DdpmException.data(refused, "%s cannot be used: %s", file, refused.getMessage());
  }

  @Override
  public long length(String key) {
    ZipEntry entry = zip.getEntry(folder + "data/" + key);
    if (entry == null || !isStored(entry)) {
      return 0;
    }
    try {
      requireRoom(entry);
    } catch (DdpmException refused) {
      throw cannotBeUsed(file, refused);
    }
    return entry.getSize();
  }

  /** The directory of a zip file can say any size, and Java's reader believes it. */
  private void requireRoom(ZipEntry entry) {
    if (entry.getSize() > fileBytes) {
      throw DdpmException.data(
          "its entry %s is said to have %d bytes, but the whole file has only %d.",
          StateDicts.shortened(entry.getName()), entry.getSize(), fileBytes);
    }
  }

  @Override
  public InputStream open(String key, long position) throws IOException {
    InputStream in;
    try {
      in = stored(zip.getEntry(folder + "data/" + key));
    } catch (DdpmException refused) {
      throw cannotBeUsed(file, refused);
    }
    in.skipNBytes(position);
    return in;
  }

  private InputStream stored(ZipEntry entry) throws IOException {
    if (!isStored(entry)) {
      throw DdpmException.data(
          "its entry %s is compressed: PyTorch compresses nothing, and what an entry would become"
              + " is not known before.",
          StateDicts.shortened(entry.getName()));
    }
    requireRoom(entry);
    requireIntact(entry);
    return zip.getInputStream(entry);
  }

  /** Once for each entry, as a whole. PyTorch can leave checksums out, which are then 0. */
  private void requireIntact(ZipEntry entry) throws IOException {
    if (entry.getCrc() == 0 || !intact.add(entry.getName())) {
      return;
    }
    CRC32 checksum = new CRC32();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = zip.getInputStream(entry)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        checksum.update(buffer, 0, read);
      }
    }
    if (checksum.getValue() != entry.getCrc()) {
      throw DdpmException.data(
          "its entry %s is damaged: its checksum is another than the file says.",
          StateDicts.shortened(entry.getName()));
    }
  }

  private static boolean isStored(ZipEntry entry) {
    return entry.getMethod() == ZipEntry.STORED && entry.getSize() == entry.getCompressedSize();
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
