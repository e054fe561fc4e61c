package dev.ddpm.spark.ingest;

import java.io.Serializable;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** What the driver needs to know of the entries of archives. */
// No record: it travels between tasks, and Kryo 4 cannot write one.
final class ArchiveSummary implements Serializable {
  private static final long serialVersionUID = 1L;

  private final LeftOutFiles leftOut = new LeftOutFiles();
  private final TreeSet<String> classes = new TreeSet<>();
  private final TreeSet<String> folders = new TreeSet<>();

  /**
   * Adds a picture.
   *
   * @param told its class, if a note in the archive tells it
   */
  void addPicture(String name, Optional<String> told) {
    told.ifPresent(classes::add);
    folders.add(name.substring(0, name.lastIndexOf('/') + 1));
  }

  /** Counts an entry that is no picture of the table. */
  void leaveOut(String reason, String name) {
    leftOut.add(reason, name);
  }

  /** Adds what is known of later archives. */
  ArchiveSummary plus(ArchiveSummary later) {
    leftOut.addAll(later.leftOut);
    classes.addAll(later.classes);
    folders.addAll(later.folders);
    return this;
  }

  /** Entries that are no pictures of the table, by reason. */
  LeftOutFiles leftOut() {
    return leftOut;
  }

  /** The classes that notes tell of pictures. */
  SortedSet<String> classes() {
    return classes;
  }

  /** The folders that pictures lie in, with a slash at their end; the root is empty. */
  SortedSet<String> folders() {
    return folders;
  }
}
