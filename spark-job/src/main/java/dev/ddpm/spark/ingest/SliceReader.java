package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;

/**
 * Reads the items of a {@link FileSlice}, all of one length, one after the other; closes the file
 * after the last one. The last slice of a file must end with it.
 */
final class SliceReader implements Iterator<Row> {

  /** Makes a row of an item. */
  @FunctionalInterface
  interface Item {
    /**
     * Makes the row.
     *
     * @param position of the item in the file
     * @param bytes the item; the caller's to keep
     */
    Row row(long position, byte[] bytes);
  }

  private final FileSlice slice;
  private final int itemSize;
  private final DataInputStream file;
  private final Item item;
  private long next;

  /**
   * Goes to the first item of a slice.
   *
   * @param itemSize bytes of an item
   * @param file the open file, before its first item
   */
  SliceReader(FileSlice slice, int itemSize, DataInputStream file, Item item) {
    this.slice = slice;
    this.itemSize = itemSize;
    this.file = file;
    this.item = item;
    next = slice.first();
    try {
      file.skipNBytes(slice.first() * itemSize);
    } catch (IOException e) {
      throw InputFiles.failed(slice.path(), e);
    }
  }

  @Override
  public boolean hasNext() {
    return next < slice.first() + slice.count();
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    byte[] bytes = new byte[itemSize];
    try {
      file.readFully(bytes);
      if (next + 1 == slice.first() + slice.count()) {
        finish();
      }
    } catch (IOException e) {
      throw InputFiles.failed(slice.path(), e);
    }
    return item.row(next++, bytes);
  }

  private void finish() throws IOException {
    try (file) {
      if (slice.last()) {
        checkEnd(file, slice.path(), "image");
      }
    }
  }

  /**
   * Makes sure that a file ends here, and with it that the checksum of one compressed by gzip has
   * been compared.
   *
   * @param item what the file holds many of, for the error
   * @throws DdpmException (data) if it goes on
   * @throws IOException if it is damaged or cannot be read
   */
  static void checkEnd(DataInputStream file, String path, String item) throws IOException {
    if (file.read() >= 0) {
      throw DdpmException.data(
          "%s goes on after its last %s: it is damaged or of another kind.", path, item);
    }
  }
}
