package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.GlobFilter;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * What lies in a folder, found out before any file is read.
 *
 * @param root the folder's full path, with a slash at its end
 * @param empty names, relative to the root, of files that match but have no bytes: Spark's file
 *     sources pass over them in silence
 * @param folders names of the folders directly below the root that hold a file that matches, in
 *     order
 */
record FolderListing(String root, List<String> empty, List<String> folders) {

  /**
   * Looks through a folder and all folders in it, leaving out names that Hadoop takes as hidden.
   */
  static FolderListing of(InputFiles files, String folder, String glob) {
    FileStatus status = files.status(folder);
    if (!status.isDirectory()) {
      throw DdpmException.data("The input %s is a file: a folder of images is needed.", folder);
    }
    String path = status.getPath().toString();
    String root = path.endsWith("/") ? path : path + "/";
    List<String> empty = new ArrayList<>();
    SortedSet<String> folders = new TreeSet<>();
    try {
      GlobFilter filter = new GlobFilter(glob);
      FileSystem fileSystem = files.fileSystem(status.getPath());
      RemoteIterator<LocatedFileStatus> found = fileSystem.listFiles(status.getPath(), true);
      while (found.hasNext()) {
        LocatedFileStatus file = found.next();
        String name = relative(root, file.getPath().toString());
        if (isHidden(name) || !filter.accept(new Path(file.getPath().getName()))) {
          continue;
        }
        if (file.getLen() == 0) {
          empty.add(name);
        }
        String first = firstFolder(name);
        if (!first.isEmpty()) {
          folders.add(first);
        }
      }
    } catch (IOException e) {
      throw InputFiles.unreadable(folder, e);
    }
    return new FolderListing(root, List.copyOf(empty), List.copyOf(folders));
  }

  /** A path below the root as seen from there. */
  static String relative(String root, String path) {
    if (!path.startsWith(root)) {
      throw new IllegalStateException(path + " was found below " + root);
    }
    return path.substring(root.length());
  }

  /** The folder directly below the root in which a file lies; empty for the root itself. */
  static String firstFolder(String name) {
    int slash = name.indexOf('/');
    return slash < 0 ? "" : name.substring(0, slash);
  }

  private static boolean isHidden(String name) {
    for (String part : name.split("/", -1)) {
      if (part.startsWith(".") || part.startsWith("_")) {
        return true;
      }
    }
    return false;
  }
}
