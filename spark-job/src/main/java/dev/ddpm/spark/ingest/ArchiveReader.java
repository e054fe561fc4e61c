package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.RawImage;
import java.io.EOFException;
import java.io.IOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;

/**
 * The pictures of an archive, read one after the other as they are asked for, and never unpacked to
 * a disk. An archive that is damaged ends with one more row, a bad one that has its name.
 */
final class ArchiveReader implements Iterator<Row> {
  private final ArchiveFile archive;
  private final ArchiveIndex index;
  private final ArchiveClasses classes;
  private final PictureNames names;
  private final Preparation preparation;
  private final ArchiveEntries entries;
  private long position;
  private String last;
  private Row next;
  private boolean ended;

  /** Opens an archive in a task, at whose end it is closed. */
  ArchiveReader(
      InputFiles files,
      ArchiveFile archive,
      ArchiveIndex index,
      ArchiveClasses classes,
      PictureNames names,
      Preparation preparation) {
    this.archive = archive;
    this.index = index;
    this.classes = classes;
    this.names = names;
    this.preparation = preparation;
    entries = open(files);
  }

  /** Null if it cannot be opened, for which there is a row then. */
  private ArchiveEntries open(InputFiles files) {
    try {
      ArchiveEntries opened = ArchiveEntries.open(files, archive);
      TaskContext task = TaskContext.get();
      if (task != null) {
        task.addTaskCompletionListener((TaskCompletionListener) unused -> close(opened));
      }
      return opened;
    } catch (IOException e) {
      next = damaged(e);
    } catch (DdpmException e) {
      if (e.category() != DdpmException.Category.DATA) {
        throw e;
      }
      next = Candidates.bad(archive.name(), e.getMessage());
    }
    ended = true;
    return null;
  }

  private static void close(ArchiveEntries opened) {
    try {
      opened.close();
    } catch (IOException e) {
      // It was only read.
    }
  }

  @Override
  public boolean hasNext() {
    while (next == null && !ended) {
      advance();
    }
    return next != null;
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Row row = next;
    next = null;
    return row;
  }

  private void advance() {
    try {
      Optional<ArchiveItem> item = entries.next();
      if (item.isEmpty()) {
        ended = true;
        return;
      }
      if (ArchiveNames.leftOut(item.get(), names).isEmpty() && !index.isReplaced(position)) {
        next = picture(item.get());
      }
      last = item.get().name();
      position++;
    } catch (IOException e) {
      next = damaged(e);
      ended = true;
    }
  }

  private Row picture(ArchiveItem item) throws IOException {
    String source = archive.name() + "/" + item.name();
    Supplier<RawImage> image = image(item, source);
    Integer label = null;
    try {
      label = classes.of(item.name(), index.classOf(item.name(), source), source);
    } catch (DdpmException bad) {
      image = refused(bad);
    }
    return Candidates.ofRow(archive.name(), position, source, label, image);
  }

  /** Reads an entry; what concerns it alone is told when it is decoded. */
  private Supplier<RawImage> image(ArchiveItem item, String source) throws IOException {
    try {
      byte[] bytes = item.picture(source);
      return () -> preparation.decode(bytes, source);
    } catch (DdpmException bad) {
      return refused(bad);
    } catch (StoredBytes.Failure e) {
      throw e;
    } catch (IOException e) {
      if (!entries.outliveDamage()) {
        throw e;
      }
      return refused(DdpmException.data(e, "%s is damaged: %s.", source, reason(e)));
    }
  }

  private static Supplier<RawImage> refused(DdpmException bad) {
    return () -> {
      throw bad;
    };
  }

  private Row damaged(IOException cause) {
    if (cause instanceof StoredBytes.Failure) {
      throw InputFiles.failed(archive.path(), cause);
    }
    String read =
        last == null
            ? "nothing in it could be read"
            : "it could be read up to entry " + position + ", " + last;
    String reason =
        cause instanceof EOFException
            ? String.format("%s is truncated: %s.", archive.name(), read)
            : String.format("%s is damaged: %s; %s.", archive.name(), reason(cause), read);
    return Candidates.bad(archive.name(), position, reason);
  }

  /** What is wrong, without a full stop. */
  static String reason(IOException cause) {
    return cause instanceof EOFException
        ? "it ends too early"
        : String.valueOf(cause.getMessage()).replaceAll("[.\\s]+$", "");
  }
}
