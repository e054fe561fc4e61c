package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.GlobFilter;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Read access, on driver and executors, to the file systems that Spark is configured for. What
 * users write goes through {@link #status} or {@link #statusesOf} on the driver; all other methods
 * take the full paths that these give.
 */
final class InputFiles implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int BUFFER = 1 << 16;

  /** The longest array that every JVM can have. */
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  private static final int GZIP_MAGIC = 0x1f8b;

  private final SerializableConfiguration configuration;

  InputFiles(SparkSession spark) {
    configuration = new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
  }

  /**
   * A file or folder that must be there.
   *
   * @throws DdpmException (data) if it is not, (environment) if its file system does not answer
   */
  FileStatus status(String path) {
    try {
      Path hadoopPath = path(path);
      FileSystem fileSystem = fileSystem(hadoopPath);
      if (!fileSystem.exists(hadoopPath)) {
        throw DdpmException.data("The input %s does not exist.", path);
      }
      return fileSystem.getFileStatus(hadoopPath);
    } catch (IOException e) {
      throw unreadable(path, e);
    } catch (IllegalArgumentException e) {
      throw DdpmException.data(e, "The input '%s' is not a path: %s.", path, e.getMessage());
    }
  }

  /**
   * Files and folders that must be there.
   *
   * @param path one that exists, or else a Hadoop glob
   * @throws DdpmException (data) if there is none, (environment) if the file system does not answer
   */
  List<FileStatus> statusesOf(String path) {
    try {
      Path hadoopPath = path(path);
      FileSystem fileSystem = fileSystem(hadoopPath);
      if (fileSystem.exists(hadoopPath)) {
        return List.of(fileSystem.getFileStatus(hadoopPath));
      }
      FileStatus[] found = glob(fileSystem, hadoopPath);
      if (found == null || found.length == 0) {
        throw DdpmException.data("The input %s does not exist, and matches nothing.", path);
      }
      return List.of(found);
    } catch (IOException e) {
      throw unreadable(path, e);
    } catch (IllegalArgumentException e) {
      throw DdpmException.data(e, "The input '%s' is not a path: %s.", path, e.getMessage());
    }
  }

  private static FileStatus[] glob(FileSystem fileSystem, Path pattern) throws IOException {
    try {
      return fileSystem.globStatus(pattern);
    } catch (IOException e) {
      // Hadoop's class for this is one that it brings along under another name.
      if (String.valueOf(e.getMessage()).startsWith("Illegal file pattern")) {
        throw DdpmException.user(
            "The input %s does not exist, and is no pattern either: %s.",
            pattern, e.getMessage().lines().findFirst().orElse(""));
      }
      throw e;
    }
  }

  /** The files of a folder whose names match a Hadoop glob, in the order of their names. */
  List<FileStatus> list(Path folder, String glob) {
    try {
      return Arrays.stream(fileSystem(folder).listStatus(folder, new GlobFilter(glob)))
          .sorted(Comparator.comparing(file -> file.getPath().getName()))
          .toList();
    } catch (IOException e) {
      throw unreadable(folder.toString(), e);
    }
  }

  /**
   * Opens a file; one that is compressed by gzip, whatever its name, is uncompressed. Damage that
   * gzip's checksum shows, and bytes that follow the compressed ones, are found when the end is
   * reached, not before.
   */
  DataInputStream open(String path) {
    InputStream file;
    try {
      file = stored(new Path(path));
    } catch (IOException e) {
      throw unreadable(path, e);
    }
    try {
      BufferedInputStream stored = new BufferedInputStream(new StoredBytes(file), BUFFER);
      stored.mark(2);
      int magic = stored.read() << 8 | stored.read();
      stored.reset();
      return new DataInputStream(
          magic == GZIP_MAGIC
              ? new BufferedInputStream(new GzipCompressorInputStream(stored, true), BUFFER)
              : stored);
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  /** Opens a file, as it is stored, to read anywhere in it. */
  StoredChannel channel(String path, long length) {
    try {
      return new StoredChannel(stored(new Path(path)), length);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /**
   * The bytes of a file that is wanted as a whole.
   *
   * @param path the file
   * @param name what to call it in errors
   * @throws DdpmException (data) if it does not exist, may not be read, is damaged or has 2 GiB or
   *     more; (environment) if its file system does not answer
   */
  byte[] bytes(String path, String name) {
    Path hadoopPath = new Path(path);
    try (InputStream in = stored(hadoopPath)) {
      byte[] bytes = in.readNBytes(MAX_BYTES);
      if (in.read() >= 0) {
        throw DdpmException.data(
            "%s is too large: files of up to %d bytes are read.", name, MAX_BYTES);
      }
      return bytes;
    } catch (FileNotFoundException | AccessControlException e) {
      // The local file system says so too of a file that may not be read.
      throw DdpmException.data(e, "%s cannot be read: %s.", name, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  /**
   * Opens a file as it is stored. The local file system looks for a checksum in another file, whose
   * name it cannot form if there is a colon in that of the file.
   */
  private FSDataInputStream stored(Path path) throws IOException {
    FileSystem fileSystem = fileSystem(path);
    return fileSystem instanceof LocalFileSystem local && path.getName().contains(":")
        ? local.getRaw().open(path)
        : fileSystem.open(path);
  }

  /**
   * What to say about an opened file whose reading failed: it ended too early, is damaged, or its
   * file system did not answer.
   */
  static DdpmException failed(String path, IOException cause) {
    if (cause instanceof EOFException) {
      return DdpmException.data(cause, "%s is truncated: it ends before its last image.", path);
    }
    return cause instanceof StoredBytes.Failure failure
        ? unreadable(path, failure.getCause())
        : damaged(path, cause);
  }

  private static DdpmException damaged(String path, IOException cause) {
    return DdpmException.data(
        cause, "%s is damaged: %s.", path, String.valueOf(cause.getMessage()));
  }

  /** What to say about a path at which a file system failed, or showed that the file is damaged. */
  static DdpmException unreadable(String path, IOException cause) {
    if (cause instanceof ChecksumException) {
      return damaged(path, cause);
    }
    return DdpmException.environment(
        cause, "%s cannot be read: %s.", path, String.valueOf(cause.getMessage()));
  }

  /**
   * A path as users write it, which the driver alone can know the meaning of: what stands before
   * its first colon is a scheme, or part of a name.
   */
  private static Path path(String text) {
    File local = new File(text);
    boolean colonInName = text.indexOf(':') >= 0 && !text.startsWith("/") && local.exists();
    return colonInName ? new Path(local.toURI()) : new Path(text);
  }

  /** A folder's path without links, of which only the local file system has some. */
  String linkless(Path folder) {
    try {
      return fileSystem(folder) instanceof LocalFileSystem local
          ? local.pathToFile(folder).getCanonicalPath()
          : folder.toString();
    } catch (IOException e) {
      throw unreadable(folder.toString(), e);
    }
  }

  /** The file system that a path is on. */
  FileSystem fileSystem(Path path) throws IOException {
    try {
      return path.getFileSystem(configuration.value());
    } catch (RuntimeException e) {
      if (e.getCause() instanceof UnknownHostException) {
        throw DdpmException.environment(
            e, "%s cannot be read: there is no host %s.", path, path.toUri().getHost());
      }
      throw e;
    }
  }
}
