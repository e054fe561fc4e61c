package dev.ddpm.spark.dataset;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.JsonFault;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What an image table holds, as JSON beside its Parquet files. It is written last: a table that has
 * one is complete. The same input and options give the same bytes.
 *
 * @param count images, with the ids 0..count−1
 * @param height pixels
 * @param width pixels
 * @param channels 1, 3 or 4
 * @param labelNames name of each label; empty if not known
 * @param source where the images came from
 * @param preparation how channels and size were made
 * @param skipped bad images that were left out
 * @param createdBy program and version
 * @param fingerprint of the images, see {@link TableFingerprint}; null in a table of version 0.1
 */
public record TableDescription(
    long count,
    int height,
    int width,
    int channels,
    List<String> labelNames,
    String source,
    String preparation,
    long skipped,
    String createdBy,
    String fingerprint) {
  public static final String FILE_NAME = "_dataset.json";

  /** Version 0.1 wrote no number, and names in camel case. */
  private static final StoredFormat FORMAT =
      StoredFormat.firstUnnumbered(StoredFormat::nameInSnakeCase, second -> {}).withDigestSince(3);

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /**
   * Copies the list.
   *
   * @throws DdpmException (user) naming a number that no table has
   */
  public TableDescription {
    atLeast("count", count, 0);
    atLeast("height", height, 1);
    atLeast("width", width, 1);
    atLeast("channels", channels, 1);
    atLeast("skipped", skipped, 0);
    labelNames = labelNames == null ? List.of() : List.copyOf(labelNames);
  }

  private static void atLeast(String key, long value, int minimum) {
    if (value < minimum) {
      throw DdpmException.user("%s = %d: must be at least %d", key, value, minimum);
    }
  }

  /** Height, width and channels as text, such as {@code 28×28×1}. */
  public String shape() {
    return height + "×" + width + "×" + channels;
  }

  /** Writes the description of the table in a folder, as a whole or not at all. */
  public void write(Path folder, Configuration configuration) {
    byte[] json = FORMAT.write(JSON.valueToTree(this));
    var store = new HadoopFileStore(folder.toString(), configuration);
    try {
      store.create(FILE_NAME, out -> out.write(json));
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be written: %s.", store.location(FILE_NAME), e.getMessage());
    }
  }

  /**
   * Reads the description of the table in a folder, if there is one: tables made by other programs
   * have none.
   *
   * @throws DdpmException (data) if it is not such a description, or one of a newer version
   */
  public static Optional<TableDescription> read(Path folder, Configuration configuration) {
    Path file = new Path(folder, FILE_NAME);
    byte[] json;
    try {
      FileSystem files = folder.getFileSystem(configuration);
      if (files.getFileStatus(file).isDirectory()) {
        throw DdpmException.data("%s is a folder, and no description of an image table.", file);
      }
      try (InputStream in = files.open(file)) {
        json = in.readAllBytes();
      }
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be read: %s.", file, e.getMessage());
    }
    // What is no object at all is no description, of whatever version.
    parse(json, ObjectNode.class, file);
    return Optional.of(parse(FORMAT.upgrade(json, file.toString()), TableDescription.class, file));
  }

  private static <T> T parse(byte[] json, Class<T> type, Path file) {
    try {
      return JSON.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw DdpmException.data(
          e,
          "%s is not the description of an image table: %s.",
          file,
          new JsonFault(JSON, e, json).reason());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
