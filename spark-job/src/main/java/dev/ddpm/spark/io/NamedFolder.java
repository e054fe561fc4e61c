package dev.ddpm.spark.io;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.FileStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.ParentNotDirectoryException;
import org.apache.hadoop.fs.Path;

/**
 * A folder that an option names, which need not exist: where it is, and what is said when it cannot
 * be used.
 */
public final class NamedFolder {
  private static final String PROBE = "_ddpm-may-write";

  private final String option;
  private final String value;
  private final FileSystem files;
  private final Path path;
  private final Configuration configuration;

  private NamedFolder(
      String option, String value, FileSystem files, Path path, Configuration configuration) {
    this.option = option;
    this.value = value;
    this.files = files;
    this.path = path;
    this.configuration = configuration;
  }

  /**
   * Looks up the file system of a folder, and nothing in it.
   *
   * @param option such as {@code --output}
   * @param value the path as the option has it
   * @throws DdpmException (user) if the value is no path; (environment) if there is no such file
   *     system
   */
  public static NamedFolder of(String option, String value, Configuration configuration) {
    try {
      Path given = new Path(value);
      FileSystem files = given.getFileSystem(configuration);
      return new NamedFolder(option, value, files, files.makeQualified(given), configuration);
    } catch (IOException e) {
      throw unusable(option, value, e);
    } catch (IllegalArgumentException e) {
      throw DdpmException.user("%s = '%s': is not a path: %s.", option, value, e.getMessage());
    }
  }

  /** Its file system. */
  public FileSystem files() {
    return files;
  }

  /** Its full path. */
  public Path path() {
    return path;
  }

  /** The files in it. */
  public HadoopFileStore store() {
    return new HadoopFileStore(path.toString(), configuration);
  }

  /**
   * Writes a file as a whole or not at all.
   *
   * @param name of the file
   * @throws DdpmException (user) if there is one of this name by now; (environment) if it cannot be
   *     written
   */
  public void createNew(String name, FileStore.Content content) {
    try {
      if (store().createNew(name, content)) {
        return;
      }
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s = %s: cannot be written: %s.", option, value, e.getMessage());
    }
    throw DdpmException.user(
        "%s = %s: another job has written %s there in the meantime; nothing is ever overwritten.",
        option, value, name);
  }

  /**
   * What is in it; nothing if it does not exist.
   *
   * @throws DdpmException (user) if it is a file
   */
  public List<FileStatus> list() throws IOException {
    try {
      FileStatus[] there = files.listStatus(path);
      if (there.length == 1 && there[0].isFile() && there[0].getPath().equals(path)) {
        throw DdpmException.user("%s = %s: is a file; name a new folder.", option, value);
      }
      return List.of(there);
    } catch (FileNotFoundException none) {
      return List.of();
    }
  }

  /**
   * Checks that a job which does not go on with an earlier one would write over nothing.
   *
   * @return this folder
   * @throws DdpmException (user) if it is a file or not empty; (environment) if it cannot be looked
   *     at
   */
  public NamedFolder requireEmpty() {
    try {
      if (!list().isEmpty()) {
        throw notEmpty();
      }
      return this;
    } catch (IOException e) {
      throw unusable(e);
    }
  }

  /**
   * Checks the same of a folder in which a job keeps what it may use again.
   *
   * @param kept names of the folders within that may be there
   */
  public NamedFolder requireEmptyBut(Set<String> kept) {
    try {
      if (list().stream().anyMatch(there -> !kept.contains(there.getPath().getName()))) {
        throw notEmpty();
      }
      return this;
    } catch (IOException e) {
      throw unusable(e);
    }
  }

  private DdpmException notEmpty() {
    return DdpmException.user("%s = %s: is not empty; nothing is ever overwritten.", option, value);
  }

  /**
   * Checks that files can be written in it, by writing one, which is gone afterwards, with all
   * folders that were made for it.
   *
   * @return this folder
   * @throws DdpmException (user) if a file is in its way; (environment) if nothing can be written
   */
  public NamedFolder requireWritable() {
    List<Path> made = new ArrayList<>();
    try {
      made.add(new Path(path, PROBE));
      Path existing = existing();
      for (Path at = path; !at.equals(existing); at = at.getParent()) {
        made.add(at);
      }
      files.create(made.get(0), true).close();
      return this;
    } catch (IOException e) {
      throw unwritable(e);
    } finally {
      remove(made);
    }
  }

  /** Removes a file and the folders above it, from the deepest on, as far as nothing is in them. */
  private void remove(List<Path> made) {
    try {
      for (Path one : made) {
        files.delete(one, false);
      }
    } catch (IOException e) {
      // Somebody else uses the folder by now, or the file system fails, which was said or will be.
    }
  }

  /** The folder itself, or the nearest above it that exists, or the root. */
  private Path existing() throws IOException {
    Path at = path;
    while (at.getParent() != null && !files.exists(at)) {
      at = at.getParent();
    }
    return at;
  }

  private DdpmException unwritable(IOException cause) {
    Path nearest = path;
    try {
      nearest = existing();
      if (files.getFileStatus(nearest).isFile()) {
        return DdpmException.user(
            "%s = %s: cannot be a folder: %s is a file.", option, value, nearest);
      }
    } catch (ParentNotDirectoryException e) {
      return DdpmException.user(
          "%s = %s: cannot be a folder: something above it is a file.", option, value);
    } catch (IOException e) {
      // What was said first counts.
    }
    return DdpmException.environment(
        cause,
        "%s = %s: nothing can be written in %s: this user may not, or its file system is read-only"
            + " or full.",
        option,
        value,
        nearest);
  }

  /** What to throw when the file system fails. */
  public DdpmException unusable(IOException e) {
    return unusable(option, value, e);
  }

  private static DdpmException unusable(String option, String value, IOException e) {
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    return DdpmException.environment(e, "%s = %s: cannot be used: %s.", option, value, reason);
  }
}
