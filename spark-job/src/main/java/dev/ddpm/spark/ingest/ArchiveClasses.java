package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The classes of pictures in archives. A note beside a picture goes before the folder that it lies
 * in. Classes are numbers if all of them are; else they are names, numbered in their order.
 *
 * @param fromFolder whether the folder of a picture tells its class, where no note does
 * @param root of these folders: what all pictures have in common
 * @param names of the classes; empty if they are numbers
 * @param numbers of the names
 */
record ArchiveClasses(
    boolean fromFolder, String root, List<String> names, Map<String, Integer> numbers)
    implements Serializable {
  /** More names than this are no classes: they have to fit on the driver. */
  private static final int MOST = 100_000;

  private static final Pattern NUMBER = Pattern.compile("-?\\d{1,9}");

  /**
   * Numbers the classes.
   *
   * @throws DdpmException (data) if there are too many
   */
  static ArchiveClasses of(ArchiveSummary summary, boolean fromFolder) {
    String root = fromFolder ? root(summary.folders()) : "";
    TreeSet<String> all = new TreeSet<>(summary.classes());
    if (!fromFolder && all.stream().allMatch(name -> NUMBER.matcher(name).matches())) {
      return new ArchiveClasses(false, root, List.of(), Map.of());
    }
    if (fromFolder) {
      summary.folders().stream()
          .map(folder -> FolderListing.firstFolder(folder.substring(root.length())))
          .filter(name -> !name.isEmpty())
          .forEach(all::add);
    }
    if (all.size() > MOST) {
      throw DdpmException.data(
          "The archives tell %d different classes: at most %d are possible.", all.size(), MOST);
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
      return names.isEmpty() ? Integer.valueOf(told.get()) : numbers.get(told.get());
    }
    if (!fromFolder) {
      return null;
    }
    String folder = FolderListing.firstFolder(picture.substring(root.length()));
    if (folder.isEmpty()) {
      throw DdpmException.data("%s lies in no folder that could be its label.", source);
    }
    return numbers.get(folder);
  }

  /**
   * The folders that everything lies in, as far as folders are left below them: an archive often
   * holds one folder, and the classes in that.
   */
  private static String root(SortedSet<String> folders) {
    String root = folders.isEmpty() ? "" : above(folders.first());
    for (String folder : folders) {
      while (!folder.startsWith(root) || folder.length() == root.length()) {
        if (root.isEmpty()) {
          return root;
        }
        root = above(root);
      }
    }
    return root;
  }

  private static String above(String folder) {
    int end = folder.length() - 1;
    return end < 0 ? "" : folder.substring(0, folder.lastIndexOf('/', end - 1) + 1);
  }
}
