package dev.ddpm.spark.io;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Renames on the local file system as atomic as the operating system has them. Hadoop's own removes
 * what it replaces before it renames, so that a reader in between finds nothing; and it keeps
 * checksums in files of their own, which cannot change together with what they belong to. They are
 * removed here: every file that matters has its checksum inside or in a file beside it.
 */
final class LocalRename {
  private LocalRename() {}

  /** Whether paths of a scheme are on the local file system. */
  static boolean isFor(org.apache.hadoop.fs.Path path) {
    return "file".equals(path.toUri().getScheme());
  }

  /** Gives a file another name, replacing what has it. */
  static void replace(org.apache.hadoop.fs.Path from, org.apache.hadoop.fs.Path to)
      throws IOException {
    Files.deleteIfExists(checksum(local(to)));
    Files.move(local(from), local(to), StandardCopyOption.ATOMIC_MOVE);
    Files.deleteIfExists(checksum(local(from)));
  }

  /**
   * Gives a file another name, unless one has it.
   *
   * @return whether it was done
   */
  static boolean createNew(org.apache.hadoop.fs.Path from, org.apache.hadoop.fs.Path to)
      throws IOException {
    if (Files.exists(local(to))) {
      return false;
    }
    // Left by a file that was deleted by hand.
    Files.deleteIfExists(checksum(local(to)));
    try {
      // Unlike a move, a link fails where the name is taken.
      Files.createLink(local(to), local(from));
    } catch (FileAlreadyExistsException taken) {
      return false;
    } catch (UnsupportedOperationException | FileSystemException withoutLinks) {
      return moveNew(from, to);
    }
    Files.delete(local(from));
    Files.deleteIfExists(checksum(local(from)));
    return true;
  }

  private static boolean moveNew(org.apache.hadoop.fs.Path from, org.apache.hadoop.fs.Path to)
      throws IOException {
    try {
      Files.move(local(from), local(to));
      return true;
    } catch (FileAlreadyExistsException taken) {
      return false;
    }
  }

  private static Path local(org.apache.hadoop.fs.Path path) {
    return Path.of(path.toUri().getPath());
  }

  private static Path checksum(Path file) {
    return file.resolveSibling("." + file.getFileName() + ".crc");
  }
}
