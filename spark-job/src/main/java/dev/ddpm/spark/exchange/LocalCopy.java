package dev.ddpm.spark.exchange;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;

/**
 * A file or folder of any Hadoop file system as one of this machine, because the files of other
 * systems are read from several positions at a time: what is here already as it stands, anything
 * else as a copy, which is gone when this is closed.
 */
final class LocalCopy implements AutoCloseable {
  private final Path path;
  private final Path temporary;

  private LocalCopy(Path path, Path temporary) {
    this.path = path;
    this.temporary = temporary;
  }

  /**
   * Finds or copies a file or folder.
   *
   * @param option for messages
   * @param value a path or URI
   * @throws DdpmException (user) if it is no path; (data) if nothing is there; (environment) if it
   *     cannot be copied
   */
  static LocalCopy of(String option, String value, Configuration configuration) {
    org.apache.hadoop.fs.Path given;
    FileSystem files;
    try {
      given = new org.apache.hadoop.fs.Path(value);
      files = given.getFileSystem(configuration);
      if (!files.exists(given)) {
        throw DdpmException.data("%s = %s: does not exist.", option, value);
      }
    } catch (IllegalArgumentException noPath) {
      throw DdpmException.user("%s = '%s': is not a path: %s.", option, value, noPath.getMessage());
    } catch (IOException e) {
      throw unusable(option, value, e);
    }
    if (files instanceof LocalFileSystem local) {
      return new LocalCopy(local.pathToFile(local.makeQualified(given)).toPath(), null);
    }
    LocalCopy copy = null;
    try {
      Path temporary = Files.createTempDirectory("ddpm-import-");
      copy = new LocalCopy(temporary.resolve(given.getName()), temporary);
      files.copyToLocalFile(false, given, new org.apache.hadoop.fs.Path(copy.path.toUri()), true);
      return copy;
    } catch (IOException e) {
      if (copy != null) {
        copy.close();
      }
      throw unusable(option, value, e);
    }
  }

  private static DdpmException unusable(String option, String value, IOException e) {
    return DdpmException.environment(
        e, "%s = %s: cannot be read: %s.", option, value, e.getMessage());
  }

  /** Where it is on this machine. */
  Path path() {
    return path;
  }

  @Override
  public void close() {
    if (temporary == null) {
      return;
    }
    try (Stream<Path> inside = Files.walk(temporary)) {
      List<Path> deepestFirst = inside.sorted(Comparator.reverseOrder()).toList();
      for (Path one : deepestFirst) {
        Files.delete(one);
      }
    } catch (IOException left) {
      // The machine clears its temporary folder.
    }
  }
}
