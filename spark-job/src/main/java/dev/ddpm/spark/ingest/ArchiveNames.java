package dev.ddpm.spark.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What the names of archives, and of the files in them, tell. */
final class ArchiveNames {
  /**
   * What names of archives end with, in lower case. The second line is of formats that are not
   * read: whoever has such archives shall hear of it.
   */
  private static final List<String> SUFFIXES =
      List.of(
          ".tar",
          ".tar.gz",
          ".tgz",
          ".zip", //
          ".tar.bz2",
          ".tbz2",
          ".tar.xz",
          ".txz",
          ".tar.zst",
          ".tzst",
          ".tar.lz4",
          ".7z",
          ".rar");

  /** As WebDataset names the class of a picture, and what else is known of it. */
  private static final String CLASS = ".cls";

  private static final String JSON = ".json";

  private ArchiveNames() {}

  /**
   * Why a file of a folder is no archive to read; what goes on after "because it".
   *
   * @param name relative to the folder, with slashes
   */
  static Optional<String> leftOut(String name) {
    return PictureNames.hidden(name)
        .or(
            () ->
                isArchive(name)
                    ? Optional.empty()
                    : Optional.of("has a name that is not an archive's"));
  }

  /**
   * Why an entry of an archive is no picture to read; what goes on after "because it".
   *
   * @param pictures which names are those of pictures
   */
  static Optional<String> leftOut(ArchiveItem item, PictureNames pictures) {
    String name = item.name();
    return PictureNames.hidden(name)
        .or(item::special)
        .or(() -> isArchive(name) ? Optional.of("is an archive in an archive") : Optional.empty())
        .or(() -> pictures.leftOut(name));
  }

  /** Whether a file may tell the class of a picture by its whole text. */
  static boolean isClass(String name) {
    return endsWith(name, CLASS);
  }

  /** Whether a file may tell the class of a picture as a value of a JSON document. */
  static boolean isJson(String name) {
    return endsWith(name, JSON);
  }

  /** The name of a note without what it ends with: that of its picture, to some dot. */
  static String stem(String note) {
    return note.substring(0, note.lastIndexOf('.'));
  }

  /**
   * The stems of notes that speak of a picture, the most special first: of {@code a/7.left.png}
   * these are {@code a/7.left.png}, {@code a/7.left} and {@code a/7}.
   */
  static List<String> stems(String picture) {
    List<String> stems = new ArrayList<>();
    String stem = picture;
    int file = picture.lastIndexOf('/') + 1;
    stems.add(stem);
    for (int dot = stem.lastIndexOf('.'); dot > file; dot = stem.lastIndexOf('.')) {
      stem = stem.substring(0, dot);
      stems.add(stem);
    }
    return stems;
  }

  private static boolean isArchive(String name) {
    return SUFFIXES.stream().anyMatch(suffix -> endsWith(name, suffix));
  }

  private static boolean endsWith(String name, String suffix) {
    return name.toLowerCase(Locale.ROOT).endsWith(suffix);
  }
}
