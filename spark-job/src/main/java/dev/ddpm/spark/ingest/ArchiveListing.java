package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.sql.SparkSession;

/**
 * The archives of an input, found before any of them is opened.
 *
 * @param archives in the order of their names
 * @param unreadable names of archives that cannot be opened, with what goes on after the name
 * @param leftOut other files of the folders that were looked through
 */
record ArchiveListing(
    List<ArchiveFile> archives, SortedMap<String, String> unreadable, List<LeftOut> leftOut) {

  /**
   * Looks for archives.
   *
   * @param inputs archives, folders of them, and globs
   * @throws DdpmException (data) if an input does not exist; (user) if an archive is named twice
   */
  static ArchiveListing of(SparkSession spark, InputFiles files, List<String> inputs) {
    SortedMap<String, Long> lengths = new TreeMap<>();
    SortedMap<String, String> unreadable = new TreeMap<>();
    List<LeftOut> leftOut = new ArrayList<>();
    for (String input : inputs) {
      for (FileStatus status : files.statusesOf(input)) {
        String path = status.getPath().toString();
        if (!status.isDirectory()) {
          add(lengths, path, status.getLen());
          continue;
        }
        FolderListing listing = FolderListing.of(spark, files, path, ArchiveNames::leftOut);
        for (FolderFile file : listing.pictures()) {
          add(lengths, listing.root() + file.name(), file.bytes());
        }
        unreadable.putAll(listing.unreadable());
        leftOut.addAll(listing.leftOut());
      }
    }
    String root = root(List.copyOf(lengths.keySet()));
    List<ArchiveFile> archives = new ArrayList<>();
    for (Map.Entry<String, Long> file : lengths.entrySet()) {
      String path = file.getKey();
      archives.add(new ArchiveFile(path, path.substring(root.length()), file.getValue()));
    }
    return new ArchiveListing(List.copyOf(archives), unreadable, List.copyOf(leftOut));
  }

  private static void add(Map<String, Long> lengths, String path, long length) {
    if (lengths.put(path, length) != null) {
      throw DdpmException.user("The archive %s is named twice: each may be read once.", path);
    }
  }

  /** The folder that all files lie in, with a slash at its end; empty if there is none. */
  private static String root(List<String> paths) {
    if (paths.isEmpty()) {
      return "";
    }
    String root = folder(paths.get(0));
    for (String path : paths) {
      while (!path.startsWith(root)) {
        root = folder(root.substring(0, root.length() - 1));
      }
    }
    return root;
  }

  private static String folder(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }
}
