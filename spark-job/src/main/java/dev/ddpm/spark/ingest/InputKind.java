package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** The kinds of input that images are ingested from. */
public enum InputKind {
  /** MNIST's format. */
  IDX,
  /** CIFAR-10's binary version. */
  CIFAR10,
  /** A folder of pictures. */
  FOLDER,
  /** Archives of pictures. */
  ARCHIVE,
  /** Whatever Spark reads. */
  TABLE;

  private static final String ALL = "idx, cifar10, folder, archive or table";

  private static final int CIFAR_RECORD = 3073;
  private static final int TAR_MAGIC = 257;
  private static final int BEGINNING = 512;

  /**
   * Finds out what the inputs are: files by how they begin, folders by the first files in them that
   * tell it, those directly in the folder before those deeper down.
   *
   * @param inputs as the user wrote them
   * @throws DdpmException (data) if an input does not exist; (user) if they do not tell it, or are
   *     of several kinds
   */
  public static InputKind of(SparkSession spark, List<String> inputs) {
    InputFiles files = new InputFiles(spark);
    if (TableInput.isInCatalogue(spark, files, inputs)) {
      return TABLE;
    }
    Map<InputKind, String> found = new EnumMap<>(InputKind.class);
    for (String input : inputs) {
      for (FileStatus status : files.statusesOf(input)) {
        found.putIfAbsent(
            status.isDirectory() ? ofFolder(files, status.getPath()) : ofFile(files, status),
            input);
      }
    }
    return single(found, "the inputs");
  }

  private static InputKind single(Map<InputKind, String> found, String where) {
    if (found.size() > 1) {
      throw DdpmException.user(
          "--source is missing (%s): %s hold images in several forms, %s.",
          ALL,
          where,
          found.entrySet().stream()
              .map(
                  entry ->
                      entry.getKey().name().toLowerCase(Locale.ROOT)
                          + " ("
                          + entry.getValue()
                          + ")")
              .collect(Collectors.joining(", ")));
    }
    return found.keySet().iterator().next();
  }

  private static InputKind ofFolder(InputFiles files, Path root) {
    if (TableVersion.format(files, root).isPresent()) {
      return TABLE;
    }
    Set<String> seen = new HashSet<>();
    Deque<Path> level = new ArrayDeque<>(List.of(root));
    while (!level.isEmpty()) {
      Map<InputKind, String> found = new EnumMap<>(InputKind.class);
      Deque<Path> deeper = new ArrayDeque<>();
      for (Path folder : level) {
        if (!seen.add(files.linkless(folder))) {
          continue;
        }
        for (FileStatus status : files.list(folder, "*")) {
          String name = status.getPath().getName();
          if (PictureNames.hidden(name).isPresent()) {
            continue;
          }
          if (status.isDirectory()) {
            deeper.add(status.getPath());
          } else {
            ofName(name).ifPresent(kind -> found.putIfAbsent(kind, name));
          }
        }
      }
      if (!found.isEmpty()) {
        return single(found, "the files of " + root);
      }
      level = deeper;
    }
    throw DdpmException.user(
        "--source is missing (%s): the names of the files in %s do not tell what they are.",
        ALL, root);
  }

  private static Optional<InputKind> ofName(String name) {
    if (PictureNames.of(Optional.empty()).leftOut(name).isEmpty()) {
      return Optional.of(FOLDER);
    }
    if (ArchiveNames.leftOut(name).isEmpty()) {
      return Optional.of(ARCHIVE);
    }
    if (CifarSource.isTrainingFile(name)) {
      return Optional.of(CIFAR10);
    }
    return TableFiles.isNameOfTable(name) ? Optional.of(TABLE) : Optional.empty();
  }

  private static InputKind ofFile(InputFiles files, FileStatus file) {
    String path = file.getPath().toString();
    byte[] beginning;
    try (DataInputStream in = files.open(path)) {
      beginning = in.readNBytes(BEGINNING);
    } catch (IOException e) {
      throw InputFiles.failed(path, e);
    }
    String text = new String(beginning, StandardCharsets.ISO_8859_1);
    if (text.startsWith("PAR1") || text.startsWith("ORC") || text.startsWith("Obj\u0001")) {
      return TABLE;
    }
    if (text.startsWith("ustar", TAR_MAGIC) || ArchiveFormat.of(beginning).isPresent()) {
      return ARCHIVE;
    }
    if (text.startsWith("\0\0\b\u0003")) {
      return IDX;
    }
    if (text.startsWith("\0\0\b\u0001")) {
      throw DdpmException.user(
          "%s is an IDX file of labels: name the file of the images, and this one by --labels.",
          path);
    }
    if (text.isEmpty()) {
      throw DdpmException.data("%s is empty.", path);
    }
    if (ImageCodec.isPicture(beginning)) {
      throw DdpmException.user(
          "%s is a single picture: name the folder that it lies in, with --glob to choose it.",
          path);
    }
    if (file.getLen() > 0 && file.getLen() % CIFAR_RECORD == 0 && path.endsWith(".bin")) {
      return CIFAR10;
    }
    return ofName(file.getPath().getName())
        .filter(kind -> kind == ARCHIVE || kind == TABLE)
        .orElseThrow(
            () ->
                DdpmException.user(
                    "--source is missing (%s): %s does not begin as files of one of these do.",
                    ALL, path));
  }
}
