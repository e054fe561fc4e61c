package dev.ddpm.spark.io;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FileStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.commons.io.output.CloseShieldOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Options.CreateOpts;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.io.IOUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of any Hadoop file system whose files are complete or absent: each is written under a
 * temporary name beside it, brought to the disk, closed, its length verified, then renamed. A
 * reader sees the old content or the new one, also if the writer is killed or its power cut at any
 * point. What a killed writer leaves behind has a name that starts with a dot, and is never read;
 * {@link #removeTemporaries} clears it away.
 *
 * <p>On an object store a rename is a copy; there, completeness rests on the store showing an
 * object only when its upload is closed.
 */
public final class HadoopFileStore implements FileStore {
  private static final Logger LOG = LoggerFactory.getLogger(HadoopFileStore.class);

  /** What {@link #temporary} makes. */
  private static final Pattern TEMPORARY =
      Pattern.compile("\\..+\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  private final FileContext files;
  private final Path folder;

  /**
   * The files of a folder, which is made when the first file is written.
   *
   * @param folder a path or URI; without a scheme it is on the default file system
   * @param configuration Hadoop's configuration, as the Spark session has it
   * @throws DdpmException (user) if there is no such file system
   */
  public HadoopFileStore(String folder, Configuration configuration) {
    try {
      Path given = new Path(folder);
      files =
          given.toUri().getScheme() == null
              ? FileContext.getFileContext(withoutSideFiles(configuration))
              : FileContext.getFileContext(given.toUri(), withoutSideFiles(configuration));
      this.folder = files.makeQualified(given);
    } catch (IOException | RuntimeException unknown) {
      throw DdpmException.user(
          "%s is not a folder of a known file system: %s.", folder, unknown.getMessage());
    }
  }

  private HadoopFileStore(FileContext files, Path folder) {
    this.files = files;
    this.folder = folder;
  }

  /**
   * Hadoop's local file system puts a checksum file beside every file, and renames the two one
   * after the other: where another writer comes in between, or a file was removed by hand, they no
   * longer belong together. What is written here has checksums of its own.
   */
  private static Configuration withoutSideFiles(Configuration configuration) {
    Configuration raw = new Configuration(configuration);
    raw.set("fs.AbstractFileSystem.file.impl", "org.apache.hadoop.fs.local.RawLocalFs");
    return raw;
  }

  @Override
  public boolean exists(String name) throws IOException {
    return files.util().exists(path(name));
  }

  @Override
  public InputStream open(String name) throws IOException {
    return files.open(path(name));
  }

  @Override
  public long length(String name) throws IOException {
    return files.getFileStatus(path(name)).getLen();
  }

  @Override
  public void create(String name, Content content) throws IOException {
    publish(name, content, Rename.OVERWRITE);
  }

  /**
   * Writes a file as a whole, as {@link #create} does, unless there is one of this name. Of two
   * writers at the same time one succeeds, on file systems whose renames are atomic.
   *
   * @return whether it was written; otherwise what was there is untouched
   */
  public boolean createNew(String name, Content content) throws IOException {
    try {
      publish(name, content, Rename.NONE);
      return true;
    } catch (FileAlreadyExistsException exists) {
      return false;
    } catch (FileNotFoundException | NoSuchFileException gone) {
      // Whoever has written it may also have removed what was no longer needed here.
      if (exists(name)) {
        return false;
      }
      throw gone;
    }
  }

  /**
   * Writes a folder of files as a whole, unless there is something of this name.
   *
   * @param content the files by their names
   * @return whether it was written; otherwise what was there is untouched
   */
  public boolean createNewFolder(String name, SortedMap<String, byte[]> content)
      throws IOException {
    if (exists(name)) {
      return false;
    }
    Path temporary = path("." + name + "." + UUID.randomUUID());
    HadoopFileStore inside = new HadoopFileStore(files, temporary);
    try {
      for (Map.Entry<String, byte[]> file : content.entrySet()) {
        inside.create(file.getKey(), out -> out.write(file.getValue()));
      }
      files.rename(temporary, path(name), Rename.NONE);
      return true;
    } catch (FileAlreadyExistsException otherWasFaster) {
      remove(temporary);
      return false;
    } catch (IOException | RuntimeException failed) {
      remove(temporary);
      throw failed;
    }
  }

  /**
   * Names in use, whatever is there under them, in alphabetical order; none if there is no folder.
   */
  List<String> names() throws IOException {
    return names(any -> true).stream().filter(name -> !name.startsWith(".")).toList();
  }

  /** Whether there is a file that is being written, or whose writer was killed. */
  boolean hasTemporaries() throws IOException {
    return !temporaries().isEmpty();
  }

  /**
   * Removes what killed writers have left. Only for whoever alone may write into the folder: the
   * files that another is writing look the same.
   */
  public void removeTemporaries() throws IOException {
    for (String name : temporaries()) {
      delete(name);
    }
  }

  private List<String> temporaries() throws IOException {
    return names(FileStatus::isFile).stream()
        .filter(name -> TEMPORARY.matcher(name).matches())
        .toList();
  }

  private List<String> names(Predicate<FileStatus> wanted) throws IOException {
    List<String> names = new ArrayList<>();
    if (files.util().exists(folder)) {
      for (FileStatus file : files.util().listStatus(folder)) {
        if (wanted.test(file)) {
          names.add(file.getPath().getName());
        }
      }
    }
    Collections.sort(names);
    return names;
  }

  @Override
  public void delete(String name) throws IOException {
    files.delete(path(name), false);
  }

  private void publish(String name, Content content, Rename how) throws IOException {
    Path temporary = temporary(name);
    boolean published = false;
    try {
      long written = write(temporary, content);
      long stored = files.getFileStatus(temporary).getLen();
      if (stored != written) {
        throw new IOException(written + " bytes were written, but the file system kept " + stored);
      }
      rename(temporary, path(name), how);
      published = true;
    } catch (FSError failed) {
      // Hadoop's word for an I/O error of the local file system, such as a full disk.
      throw failed.getCause() instanceof IOException cause ? cause : new IOException(failed);
    } finally {
      if (!published) {
        remove(temporary);
      }
    }
  }

  private void rename(Path from, Path to, Rename how) throws IOException {
    if (!LocalRename.isFor(to)) {
      // Unlike FileSystem.rename, this one throws where it does nothing.
      files.rename(from, to, how);
    } else if (how == Rename.OVERWRITE) {
      LocalRename.replace(from, to);
    } else if (!LocalRename.createNew(from, to)) {
      throw new FileAlreadyExistsException(to + " exists");
    }
  }

  @Override
  public String location(String name) {
    return path(name).toString();
  }

  private Path path(String name) {
    return new Path(folder, name);
  }

  private Path temporary(String name) {
    return path("." + name + "." + UUID.randomUUID());
  }

  private long write(Path file, Content content) throws IOException {
    FSDataOutputStream out =
        files.create(
            file, EnumSet.of(CreateFlag.CREATE, CreateFlag.SYNC_BLOCK), CreateOpts.createParent());
    try {
      content.writeTo(CloseShieldOutputStream.wrap(out));
      // Otherwise the name may reach the disk before the content, and a power cut leaves a husk.
      // Where an upload appears as a whole, as in an object store, there is nothing to do.
      if (out.hasCapability(StreamCapabilities.HSYNC)) {
        out.hsync();
      }
    } catch (IOException | RuntimeException | Error failed) {
      // Not by try-with-resources: HDFS throws the same exception again, which cannot suppress
      // itself.
      IOUtils.closeStream(out);
      throw failed;
    }
    out.close();
    return out.getPos();
  }

  /** As far as possible: the failure before is the one to tell. */
  private void remove(Path temporary) {
    try {
      files.delete(temporary, true);
    } catch (IOException | RuntimeException | FSError alsoFailed) {
      LOG.warn("{} could not be removed: {}", temporary, alsoFailed.getMessage());
    }
  }
}
