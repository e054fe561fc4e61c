package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * The files of a table that is no more than its files: Parquet, ORC or Avro.
 *
 * @param format data source of Spark that reads them
 * @param files paths of those to be read, in order
 * @param partitioned the folder below which the table is cut by folders such as {@code label=cat},
 *     which tell columns
 * @param remarks what was chosen, and what was left out
 */
record TableFiles(
    String format, List<String> files, Optional<String> partitioned, List<String> remarks) {
  static final String PARQUET = "parquet";

  private static final Map<String, String> FORMATS =
      Map.of("parquet", PARQUET, "pq", PARQUET, "parq", PARQUET, "orc", "orc", "avro", "avro");

  /** {@code train-00000-of-00002.parquet}, as Hugging Face's library names the files of a split. */
  private static final Pattern SHARD = Pattern.compile("(.+)-\\d{5}-of-\\d{5}(?:-[0-9a-f]+)?");

  private static final String TRAINING = "train";
  private static final Set<String> SPLITS =
      Set.of(TRAINING, "test", "validation", "valid", "val", "dev", "unsupervised");
  private static final int LISTED = 3;

  /** Whether the files of such a table are found by this class. */
  static boolean reads(String format) {
    return FORMATS.containsValue(format.toLowerCase(Locale.ROOT));
  }

  /**
   * Finds the files of a table.
   *
   * @param inputs files and folders
   * @param format the one that is wanted, if the user said so
   * @param split the one that is wanted, if the user said so
   * @throws DdpmException (data) if there are none; (user) if there is a choice to make
   */
  static TableFiles of(
      InputFiles access, List<FileStatus> inputs, Optional<String> format, Optional<String> split) {
    List<FileStatus> all = new ArrayList<>();
    for (FileStatus input : inputs) {
      if (input.isDirectory()) {
        collect(access, input.getPath(), all);
      } else {
        all.add(input);
      }
    }
    all.sort(Comparator.comparing(file -> file.getPath().toString()));
    if (all.isEmpty()) {
      throw DdpmException.data("There is no file in the input %s.", names(inputs));
    }
    requireOnce(all);
    List<String> remarks = new ArrayList<>();
    String wanted = format.orElseGet(() -> guess(all, inputs));
    List<FileStatus> chosen = ofFormat(all, wanted, remarks);
    Optional<String> partitioned = partitioned(chosen, inputs, split);
    if (partitioned.isEmpty()) {
      chosen = ofSplit(chosen, split, inputs, remarks);
    }
    return new TableFiles(
        wanted,
        chosen.stream().map(file -> file.getPath().toString()).toList(),
        partitioned,
        List.copyOf(remarks));
  }

  private static void collect(InputFiles access, Path folder, List<FileStatus> files) {
    try {
      for (FileStatus status : access.fileSystem(folder).listStatus(folder)) {
        String name = status.getPath().getName();
        if (TableVersion.isPartOfVersions(status.getPath())) {
          throw DdpmException.user(
              "The folder %s is a table with versions, of which only some files count: name it as"
                  + " the only input.",
              TableVersion.tableOf(status.getPath()));
        }
        if (name.startsWith(".") || (name.startsWith("_") && !name.contains("="))) {
          continue;
        }
        if (status.isDirectory()) {
          collect(access, status.getPath(), files);
        } else {
          files.add(status);
        }
      }
    } catch (FileNotFoundException e) {
      throw DdpmException.data(e, "The input folder %s is gone.", folder);
    } catch (IOException e) {
      throw InputFiles.failed(folder.toString(), e);
    }
  }

  private static String guess(List<FileStatus> files, List<FileStatus> inputs) {
    List<String> formats =
        files.stream().flatMap(file -> formatOf(file).stream()).distinct().sorted().toList();
    if (formats.size() > 1) {
      throw DdpmException.user(
          "The input %s holds files of the formats %s: choose one by --format.",
          names(inputs), String.join(", ", formats));
    }
    return formats.isEmpty() ? PARQUET : formats.get(0);
  }

  /** Files without a known suffix are of the format if none has its suffix. */
  private static List<FileStatus> ofFormat(
      List<FileStatus> files, String format, List<String> remarks) {
    List<FileStatus> chosen =
        files.stream().filter(file -> formatOf(file).equals(Optional.of(format))).toList();
    if (chosen.isEmpty()) {
      return files;
    }
    List<FileStatus> others =
        files.stream().filter(file -> !formatOf(file).equals(Optional.of(format))).toList();
    if (!others.isEmpty()) {
      remarks.add(
          others.size()
              + (others.size() == 1 ? " file that is not " : " files that are not ")
              + format
              + " left out ("
              + names(others)
              + ")");
    }
    return chosen;
  }

  /** Whether a file has the name of one of such a table. */
  static boolean isNameOfTable(String name) {
    return formatOf(name).isPresent();
  }

  private static Optional<String> formatOf(FileStatus file) {
    return formatOf(file.getPath().getName());
  }

  private static Optional<String> formatOf(String name) {
    String suffix = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return Optional.ofNullable(FORMATS.get(suffix));
  }

  private static void requireOnce(List<FileStatus> sorted) {
    for (int i = 1; i < sorted.size(); i++) {
      if (sorted.get(i).getPath().equals(sorted.get(i - 1).getPath())) {
        throw DdpmException.user(
            "The file %s is named twice: each may be read once.", sorted.get(i).getPath());
      }
    }
  }

  /** The input that is cut by folders, if one is: a folder above the input tells nothing. */
  private static Optional<String> partitioned(
      List<FileStatus> files, List<FileStatus> inputs, Optional<String> split) {
    List<Path> folders =
        inputs.stream().filter(FileStatus::isDirectory).map(FileStatus::getPath).toList();
    Optional<Path> cut =
        folders.stream()
            .filter(folder -> files.stream().anyMatch(file -> isCut(file.getPath(), folder)))
            .findFirst();
    if (cut.isPresent() && inputs.size() > 1) {
      throw DdpmException.user(
          "The input %s is cut by folders such as label=cat, which tell columns: it must be the"
              + " only input.",
          cut.get());
    }
    if (cut.isPresent()
        && split.filter(name -> !name.equals(TableOptions.ALL_SPLITS)).isPresent()) {
      throw DdpmException.user(
          "--split = %s: the input %s is cut by folders such as label=cat, and not into splits.",
          split.get(), cut.get());
    }
    return cut.map(Path::toString);
  }

  private static boolean isCut(Path file, Path root) {
    String path = file.getParent().toString();
    String above = root.toString();
    return path.startsWith(above + "/") && path.substring(above.length()).contains("=");
  }

  private static List<FileStatus> ofSplit(
      List<FileStatus> files,
      Optional<String> wanted,
      List<FileStatus> inputs,
      List<String> remarks) {
    Map<String, List<FileStatus>> splits = new TreeMap<>();
    List<FileStatus> without = new ArrayList<>();
    for (FileStatus file : files) {
      splitOf(file)
          .ifPresentOrElse(
              name -> splits.computeIfAbsent(name, unused -> new ArrayList<>()).add(file),
              () -> without.add(file));
    }
    if (wanted.isEmpty() && (splits.size() <= 1 || !without.isEmpty())) {
      return files;
    }
    String split = wanted.orElse(TRAINING);
    if (split.equals(TableOptions.ALL_SPLITS)) {
      return files;
    }
    if (!splits.containsKey(split)) {
      throw DdpmException.user(
          "%s: the input %s has %s.",
          wanted.map(name -> "--split = " + name).orElse("--split is missing"),
          names(inputs),
          splits.isEmpty()
              ? "no files that are named after splits"
              : "the splits " + String.join(", ", splits.keySet()) + ", and all takes them all");
    }
    String others =
        splits.entrySet().stream()
            .filter(entry -> !entry.getKey().equals(split))
            .map(entry -> entry.getKey() + " (" + count(entry.getValue().size()) + ")")
            .collect(Collectors.joining(", "));
    remarks.add("split " + split + (others.isEmpty() ? "" : ", without " + others));
    return splits.get(split);
  }

  private static Optional<String> splitOf(FileStatus file) {
    String name = file.getPath().getName();
    String stem = name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name;
    Matcher shard = SHARD.matcher(stem);
    if (shard.matches()) {
      String split = shard.group(1);
      String last = split.substring(split.lastIndexOf('-') + 1);
      return Optional.of(SPLITS.contains(last) ? last : split);
    }
    String folder = file.getPath().getParent().getName();
    return SPLITS.contains(stem) ? Optional.of(stem) : Optional.of(folder).filter(SPLITS::contains);
  }

  private static String count(int files) {
    return files == 1 ? "1 file" : files + " files";
  }

  private static String names(List<FileStatus> files) {
    return files.stream()
            .limit(LISTED)
            .map(file -> file.getPath().getName())
            .collect(Collectors.joining(", "))
        + (files.size() > LISTED ? ", …" : "");
  }
}
