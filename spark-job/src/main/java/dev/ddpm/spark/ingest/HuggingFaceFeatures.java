package dev.ddpm.spark.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.Type;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple3;

/**
 * What Hugging Face's library writes about the columns into the metadata of its Parquet files,
 * under the key {@value #KEY}.
 *
 * @param images columns of images
 * @param classes columns of classes, each with the names of its classes, which may be none
 */
record HuggingFaceFeatures(List<String> images, Map<String, List<String>> classes) {
  static final String KEY = "huggingface";
  private static final JsonMapper JSON = new JsonMapper();
  private static final int FILES_PER_TASK = 32;

  static final HuggingFaceFeatures NONE = new HuggingFaceFeatures(List.of(), Map.of());

  /** These, or others if these say nothing. */
  HuggingFaceFeatures or(HuggingFaceFeatures others) {
    return equals(NONE) ? others : this;
  }

  /**
   * Reads the metadata of all files, over the cluster.
   *
   * @param files Parquet files
   * @param mergesColumns whether files of a table may have different columns
   * @throws DdpmException (data) if one is none, or if they do not agree
   */
  static HuggingFaceFeatures read(SparkSession spark, List<String> files, boolean mergesColumns) {
    var configuration = new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
    int tasks = Math.max(1, files.size() / FILES_PER_TASK);
    List<Tuple3<String, String, String>> found =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(files, tasks)
            .map(file -> metadata(file, configuration))
            .collect();
    Tuple3<String, String, String> first = found.get(0);
    HuggingFaceFeatures features = parse(first._2(), first._1());
    for (Tuple3<String, String, String> other : found) {
      if (!mergesColumns && !other._3().equals(first._3())) {
        throw DdpmException.data(
            "%s has the columns %s and %s has %s: they are no files of one table; --option"
                + " mergeSchema=true reads them nevertheless.",
            first._1(), first._3(), other._1(), other._3());
      }
      if (!other._2().equals(first._2()) && !parse(other._2(), other._1()).equals(features)) {
        throw DdpmException.data(
            "%s and %s say different things of their columns under '%s': they are no files of one"
                + " table.",
            first._1(), other._1(), KEY);
      }
    }
    return features;
  }

  /** The file, the value of the key, and the names of its columns in order. */
  private static Tuple3<String, String, String> metadata(
      String file, SerializableConfiguration configuration) {
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromPath(new Path(file), configuration.value()))) {
      FileMetaData metadata = reader.getFileMetaData();
      return new Tuple3<>(
          file,
          metadata.getKeyValueMetaData().getOrDefault(KEY, ""),
          metadata.getSchema().getFields().stream()
              .map(Type::getName)
              .sorted()
              .collect(Collectors.joining(", ")));
    } catch (IOException e) {
      throw InputFiles.failed(file, e);
    } catch (RuntimeException e) {
      // What Parquet's reader throws for bytes that are no footer.
      throw DdpmException.data(
          e, "%s is not a Parquet file or is damaged: %s.", file, e.getMessage());
    }
  }

  /**
   * Reads the value of the key.
   *
   * @param json empty for a file without it
   */
  static HuggingFaceFeatures parse(String json, String file) {
    if (json.isEmpty()) {
      return NONE;
    }
    JsonNode features;
    try {
      features = JSON.readTree(json).path("info").path("features");
    } catch (JsonProcessingException e) {
      throw DdpmException.data(
          e, "%s: its metadata '%s' is damaged: %s.", file, KEY, e.getOriginalMessage());
    }
    List<String> images = new ArrayList<>();
    Map<String, List<String>> classes = new LinkedHashMap<>();
    features
        .fields()
        .forEachRemaining(
            feature -> {
              String type = feature.getValue().path("_type").asText();
              if (type.equals("Image")) {
                images.add(feature.getKey());
              } else if (type.equals("ClassLabel")) {
                List<String> names = new ArrayList<>();
                feature.getValue().path("names").forEach(name -> names.add(name.asText()));
                classes.put(feature.getKey(), List.copyOf(names));
              }
            });
    return new HuggingFaceFeatures(images, classes);
  }
}
