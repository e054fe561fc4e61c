package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The classes of pictures in archives. A note beside a picture goes before the folder that it lies
 * in. Classes are numbers if notes tell any and all of them are numbers, those of folders too; else
 * they are names, numbered in their order.
 *
 * @param fromFolder whether the folder of a picture tells its class, where no note does
 * @param root of these folders: what all pictures have in common
 * @param names of the classes; empty if they are numbers
 * @param numbers of the names
 */
record ArchiveClasses(
    boolean fromFolder, String root, List<String> names, Map<String, Integer> numbers)
    implements Serializable {
  private static final Pattern NUMBER = Pattern.compile("-?\\d{1,9}");

  /**
   * Numbers the classes.
   *
   * @throws DdpmException (data) if there are too many
   */
  static ArchiveClasses of(ArchiveSummary summary) {
    boolean fromFolder = summary.folders().isPresent();
    String root = summary.folders().map(ArchiveFolders::root).orElse("");
    TreeSet<String> all = new TreeSet<>(summary.classes());
    summary.folders().map(ArchiveFolders::names).ifPresent(all::addAll);
    boolean onlyFolders = fromFolder && summary.classes().isEmpty();
    if (!onlyFolders && all.stream().allMatch(name -> NUMBER.matcher(name).matches())) {
      return new ArchiveClasses(fromFolder, root, List.of(), Map.of());
    }
    if (all.size() > ArchiveSummary.MOST_CLASSES) {
      throw DdpmException.data(
          "The archives tell more than %d different classes, as many as are possible.",
          ArchiveSummary.MOST_CLASSES);
    }
    Map<String, Integer> numbers = new HashMap<>();
    all.forEach(name -> numbers.put(name, numbers.size()));
    return new ArchiveClasses(fromFolder, root, List.copyOf(all), numbers);
  }

  /**
   * The class of a picture.
   *
   * @param picture its name in the archive
   * @param told its class, if a note tells it
   * @param source what to call it in errors
   * @return null if it has none
   * @throws DdpmException (data) if its folder should tell and it lies in none
   */
  Integer of(String picture, Optional<String> told, String source) {
    if (told.isPresent()) {
      return number(told.get());
    }
    if (!fromFolder) {
      return null;
    }
    String folder = FolderListing.firstFolder(picture.substring(root.length()));
    if (folder.isEmpty()) {
      throw DdpmException.data("%s lies in no folder that could be its label.", source);
    }
    return number(folder);
  }

  private Integer number(String name) {
    return names.isEmpty() ? Integer.valueOf(name) : numbers.get(name);
  }
}
