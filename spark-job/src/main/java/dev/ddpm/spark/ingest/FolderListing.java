package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.spark.sql.SparkSession;

/**
 * What lies in a folder and all folders in it, found out before any file is read.
 *
 * @param root the folder's full path, with a slash at its end
 * @param pictures the files to read
 * @param unreadable names of files to read that cannot be opened, with what goes on after the name
 * @param leftOut the other files
 * @param folders names of the folders directly below the root that hold a picture, in order
 */
record FolderListing(
    String root,
    List<FolderFile> pictures,
    SortedMap<String, String> unreadable,
    List<LeftOut> leftOut,
    List<String> folders) {

  /**
   * Looks through a folder.
   *
   * @param names tells by the name of a file, relative to the folder, why it is left out: what goes
   *     on after "because it"; empty if it is to be read
   */
  static FolderListing of(
      SparkSession spark,
      InputFiles files,
      String folder,
      Function<String, Optional<String>> names) {
    FileStatus status = files.status(folder);
    if (!status.isDirectory()) {
      throw DdpmException.data("The input %s is a file: a folder of images is needed.", folder);
    }
    String path = status.getPath().toString();
    String root = path.endsWith("/") ? path : path + "/";
    Collector found = new Collector(names);
    try {
      FileSystem fileSystem = files.fileSystem(status.getPath());
      if (fileSystem instanceof LocalFileSystem local) {
        LocalFolder.visit(local.pathToFile(status.getPath()).toPath(), found);
      } else {
        new RemoteFolder(spark, files, root).visit(found::file);
      }
    } catch (IOException e) {
      throw InputFiles.unreadable(folder, e);
    }
    return found.listing(root);
  }

  /** The folder directly below the root in which a file lies; empty for the root itself. */
  static String firstFolder(String name) {
    int slash = name.indexOf('/');
    return slash < 0 ? "" : name.substring(0, slash);
  }

  private static final class Collector implements LocalFolder.Visitor {
    private final Function<String, Optional<String>> names;
    private final List<FolderFile> pictures = new ArrayList<>();
    private final SortedMap<String, String> unreadable = new TreeMap<>();
    private final LeftOutFiles others = new LeftOutFiles();
    private final SortedSet<String> folders = new TreeSet<>();

    Collector(Function<String, Optional<String>> names) {
      this.names = names;
    }

    @Override
    public void file(FolderFile file) {
      Optional<String> reason = names.apply(file.name());
      if (reason.isPresent()) {
        others.add(reason.get(), file.name());
      } else {
        addFolder(file.name());
        pictures.add(file);
      }
    }

    @Override
    public void unreadable(String name, String reason) {
      Optional<String> hidden = PictureNames.hidden(name);
      if (hidden.isPresent()) {
        others.add(hidden.get(), name);
      } else if (names.apply(name).isPresent()) {
        others.add(reason, name);
      } else {
        addFolder(name);
        unreadable.put(name, reason);
      }
    }

    @Override
    public void closed(String name, String reason) {
      Optional<String> hidden = PictureNames.hidden(name);
      if (hidden.isPresent()) {
        others.add(hidden.get(), name);
      } else {
        unreadable.put(name, reason);
      }
    }

    @Override
    public void leftOut(String name, String reason) {
      others.add(PictureNames.hidden(name).orElse(reason), name);
    }

    private void addFolder(String name) {
      String first = firstFolder(name);
      if (!first.isEmpty()) {
        folders.add(first);
      }
    }

    FolderListing listing(String root) {
      return new FolderListing(
          root, List.copyOf(pictures), unreadable, others.byReason(), List.copyOf(folders));
    }
  }
}
