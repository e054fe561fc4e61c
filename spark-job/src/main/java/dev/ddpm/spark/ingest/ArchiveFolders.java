package dev.ddpm.spark.ingest;

import java.io.Serializable;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The folders that pictures lie in, as far as they can be classes: what all pictures have in
 * common, and the names directly below that. Names are counted, not paths, so that an archive of
 * many folders takes no more room than its classes.
 */
// No record: it travels between tasks, and Kryo 4 cannot write one.
final class ArchiveFolders implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Null before the first picture; else empty, or with a slash at its end. */
  private String root;

  /** Of pictures whose class nothing else tells. */
  private final TreeSet<String> names = new TreeSet<>();

  /**
   * Adds the folder of a picture.
   *
   * @param picture its name in the archive
   * @param tells whether nothing but the folder tells the class of the picture
   */
  void add(String picture, boolean tells) {
    String folder = picture.substring(0, picture.lastIndexOf('/') + 1);
    join(above(folder));
    String name = FolderListing.firstFolder(folder.substring(root.length()));
    if (tells && !name.isEmpty()) {
      ArchiveSummary.addClass(names, name);
    }
  }

  /** Adds those of later archives. */
  void addAll(ArchiveFolders later) {
    if (later.root == null) {
      return;
    }
    join(later.root);
    if (root.length() == later.root.length()) {
      later.names.forEach(name -> ArchiveSummary.addClass(names, name));
    } else if (!later.names.isEmpty()) {
      ArchiveSummary.addClass(
          names, FolderListing.firstFolder(later.root.substring(root.length())));
    }
  }

  /** Shortens the root to what it has in common with another. */
  private void join(String other) {
    String before = root == null ? other : root;
    String common = before;
    while (!other.startsWith(common)) {
      common = above(common);
    }
    if (common.length() < before.length() && !names.isEmpty()) {
      names.clear();
      names.add(FolderListing.firstFolder(before.substring(common.length())));
    }
    root = common;
  }

  /**
   * The folders that everything lies in, as far as folders are left below them, with a slash at
   * their end: an archive often holds one folder, and the classes in that.
   */
  String root() {
    return root == null ? "" : root;
  }

  /** Names of the folders directly below the root that tell the class of a picture. */
  SortedSet<String> names() {
    return names;
  }

  private static String above(String folder) {
    int end = folder.length() - 1;
    return end < 0 ? "" : folder.substring(0, folder.lastIndexOf('/', end - 1) + 1);
  }
}
