package dev.ddpm.spark.exchange;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What jobs have left about a model in the folders of its run: figures of {@code evaluate} and a
 * contact sheet of {@code sample}, each in a folder directly in that of the run, and of this model.
 */
final class RunFindings {
  private static final String EVALUATION = "evaluation.json";
  private static final String MANIFEST = "manifest.json";
  private static final String SHEET = "contact-sheet.png";
  private static final long MAXIMUM_BYTES = 64 << 20;

  private static final JsonMapper JSON = new JsonMapper();

  private final FileSystem files;
  private final String hash;
  private final List<Path> folders;

  /**
   * Looks for folders.
   *
   * @param run folder of the run or model
   * @param hash identity of the model, so that figures of another one are left out
   */
  RunFindings(String run, String hash, Configuration configuration) {
    this.hash = hash;
    try {
      Path folder = new Path(run);
      this.files = folder.getFileSystem(configuration);
      this.folders =
          Arrays.stream(files.listStatus(folder))
              .filter(FileStatus::isDirectory)
              .map(FileStatus::getPath)
              .sorted(Comparator.comparing(Path::getName))
              .toList();
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be listed: %s.", run, e.getMessage());
    }
  }

  /** Figures by what they are. */
  Map<String, String> figures() {
    Map<String, String> figures = new LinkedHashMap<>();
    for (Path folder : folders) {
      read(new Path(folder, EVALUATION))
          .filter(evaluation -> evaluation.path("model_hash").asText().equals(hash))
          .filter(evaluation -> evaluation.path("bits_per_dim").isNumber())
          .ifPresent(
              evaluation ->
                  figures.put(
                      "bits/dim of %s images of %s"
                          .formatted(
                              evaluation.path("images").asText(), evaluation.path("data").asText()),
                      "%s ± %s"
                          .formatted(
                              evaluation.path("bits_per_dim").asText(),
                              evaluation.path("standard_error").asText())));
    }
    return figures;
  }

  /** The first contact sheet. */
  Optional<byte[]> contactSheet() {
    for (Path folder : folders) {
      boolean ofModel =
          read(new Path(folder, MANIFEST))
              .map(manifest -> manifest.at("/settings/model_hash").asText().equals(hash))
              .orElse(false);
      Path sheet = new Path(folder, SHEET);
      if (ofModel) {
        Optional<byte[]> picture = bytes(sheet);
        if (picture.isPresent()) {
          return picture;
        }
      }
    }
    return Optional.empty();
  }

  /** Of a file that is damaged nothing is told; the command that reads it says so. */
  private Optional<JsonNode> read(Path file) {
    return bytes(file)
        .flatMap(
            text -> {
              try {
                return Optional.of(JSON.readTree(text));
              } catch (IOException damaged) {
                return Optional.empty();
              }
            });
  }

  private Optional<byte[]> bytes(Path file) {
    try {
      if (!files.exists(file)) {
        return Optional.empty();
      }
      FileStatus status = files.getFileStatus(file);
      if (!status.isFile() || status.getLen() > MAXIMUM_BYTES) {
        return Optional.empty();
      }
      try (InputStream in = files.open(file)) {
        return Optional.of(in.readAllBytes());
      }
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be read: %s.", file, e.getMessage());
    }
  }
}
