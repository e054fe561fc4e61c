package dev.ddpm.spark.ingest;

import java.io.Serializable;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** What the driver needs to know of the entries of archives. */
// No record: it travels between tasks, and Kryo 4 cannot write one.
final class ArchiveSummary implements Serializable {
  private static final long serialVersionUID = 1L;

  /** More names than this are no classes: they have to fit on the driver. */
  static final int MOST_CLASSES = 100_000;

  private long pictures;
  private final LeftOutFiles leftOut = new LeftOutFiles();
  private final TreeSet<String> classes = new TreeSet<>();

  /** Null if folders tell nothing. */
  private final ArchiveFolders folders;

  /**
   * Nothing is known yet.
   *
   * @param withFolders whether folders may tell classes
   */
  ArchiveSummary(boolean withFolders) {
    folders = withFolders ? new ArchiveFolders() : null;
  }

  /**
   * Adds a picture.
   *
   * @param noted whether a note in the archive speaks of its class
   * @param told its class, if the note tells it
   */
  void addPicture(String name, boolean noted, Optional<String> told) {
    pictures++;
    told.ifPresent(text -> addClass(classes, text));
    if (folders != null) {
      folders.add(name, !noted);
    }
  }

  /** Counts an entry that is no picture of the table. */
  void leaveOut(String reason, String name) {
    leftOut.add(reason, name);
  }

  /** Adds what is known of later archives. */
  ArchiveSummary plus(ArchiveSummary later) {
    pictures += later.pictures;
    leftOut.addAll(later.leftOut);
    later.classes.forEach(text -> addClass(classes, text));
    if (folders != null) {
      folders.addAll(later.folders);
    }
    return this;
  }

  /** Adds a class to others, unless it is known already that there are too many. */
  static void addClass(Set<String> classes, String name) {
    if (classes.size() <= MOST_CLASSES) {
      classes.add(name);
    }
  }

  /** How many pictures there are. */
  long pictures() {
    return pictures;
  }

  /** Entries that are no pictures of the table, by reason. */
  LeftOutFiles leftOut() {
    return leftOut;
  }

  /** The classes that notes tell of pictures; of too many, one more than is possible. */
  SortedSet<String> classes() {
    return classes;
  }

  /** The folders that tell classes; empty if none do. */
  Optional<ArchiveFolders> folders() {
    return Optional.ofNullable(folders);
  }
}
