package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.config.KeyHistory;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.ParquetStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;

/**
 * One folder of Parquet files within an output folder, a file per {@link IndexRange}. A file
 * appears as a whole and under its name only once, with its checksum in the footer; names that
 * begin with a dot are what killed writers left, and are not read.
 */
final class ShardFiles {
  private static final Set<String> UNLIKE =
      Set.of(SampleTable.IMAGE, SampleTable.X0 + ".list.element");

  /** The folder of the images. */
  static final String IMAGES = "images";

  /** The folder of the trajectories. */
  static final String TRAJECTORIES = "trajectories";

  private static final String SUFFIX = ".parquet";
  private static final String SHARD_KEY = "ddpm.shard";
  private static final String SETTINGS_KEY = "ddpm.settings";

  private final String name;
  private final Path folder;
  private final Configuration configuration;

  /**
   * A folder, which need not exist.
   *
   * @param output the output folder
   * @param name {@link #IMAGES} or {@link #TRAJECTORIES}
   */
  ShardFiles(String output, String name, Configuration configuration) {
    this.name = name;
    this.folder = new Path(output, name);
    this.configuration = configuration;
  }

  /** Writes the rows of a file. */
  @FunctionalInterface
  interface Content {
    /** Writes all rows. */
    void writeTo(ParquetWriter<List<Object>> rows) throws IOException;
  }

  /**
   * Writes a file, unless it is there.
   *
   * @param footer its metadata, asked when all rows are written
   * @return whether it was written
   */
  boolean create(
      IndexRange range, MessageType schema, Supplier<Map<String, String>> footer, Content content)
      throws IOException {
    return new HadoopFileStore(folder.toString(), configuration)
        .createNew(
            fileName(range),
            out -> {
              try (ParquetWriter<List<Object>> rows =
                  ParquetStream.writer(out, schema, UNLIKE, footer)) {
                content.writeTo(rows);
              }
            });
  }

  /** Path of a file within the output folder. */
  String path(IndexRange range) {
    return name + "/" + fileName(range);
  }

  private static String fileName(IndexRange range) {
    return range.fileStem() + SUFFIX;
  }

  /** The metadata to store with images: what they are, and of which settings. */
  static Map<String, String> footer(Shard shard, Map<String, String> settings) {
    return Map.of(SHARD_KEY, Json.write(shard), SETTINGS_KEY, Json.write(new Settings(settings)));
  }

  private record Settings(Map<String, String> settings) {}

  /**
   * The complete files with their lengths, by their names.
   *
   * @throws DdpmException (environment) if the folder cannot be listed
   */
  List<FileStatus> list() {
    try {
      FileSystem files = folder.getFileSystem(configuration);
      List<FileStatus> complete = new ArrayList<>();
      for (FileStatus status : files.listStatus(folder)) {
        String file = status.getPath().getName();
        if (file.endsWith(SUFFIX) && !file.startsWith(".") && !file.startsWith("_")) {
          complete.add(status);
        }
      }
      complete.sort(Comparator.comparing(FileStatus::getPath));
      return complete;
    } catch (FileNotFoundException none) {
      return List.of();
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be listed: %s.", folder, e.getMessage());
    }
  }

  /** The file of a range, if it is complete. */
  Optional<Shard> find(IndexRange range, Map<String, String> settings) {
    try {
      Path path = new Path(folder, fileName(range));
      FileSystem files = path.getFileSystem(configuration);
      return files.exists(path)
          ? Optional.of(read(files.getFileStatus(path), settings))
          : Optional.empty();
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be read: %s.", folder, e.getMessage());
    }
  }

  /**
   * Reads what a file's footer says of it.
   *
   * @param settings those of the job
   * @throws DdpmException (data) if it is damaged or none of this job
   */
  Shard read(FileStatus file, Map<String, String> settings) {
    Path path = file.getPath();
    Map<String, String> footer;
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromStatus(file, configuration))) {
      footer = reader.getFileMetaData().getKeyValueMetaData();
    } catch (IOException | RuntimeException e) {
      throw DdpmException.data(
          e, "%s is not a complete Parquet file: %s; move it away.", path, e.getMessage());
    }
    if (!footer.containsKey(SHARD_KEY) || !footer.containsKey(SETTINGS_KEY)) {
      throw DdpmException.data("%s was not written by this job: move it away.", path);
    }
    Map<String, String> written =
        Json.read(footer.get(SETTINGS_KEY), Settings.class, path.toString()).settings();
    if (!KeyHistory.telling(written).equals(KeyHistory.telling(settings))) {
      throw DdpmException.data("%s was written with other settings: move it away.", path);
    }
    Shard shard = Json.read(footer.get(SHARD_KEY), Shard.class, path.toString());
    if (!fileName(shard.range()).equals(path.getName())) {
      throw DdpmException.data(
          "%s holds the images %s: its name was changed.", path, shard.range().fileStem());
    }
    return shard.located(path(shard.range()), file.getLen());
  }

  /** Takes the rows of a file. */
  @FunctionalInterface
  interface RowConsumer {
    /** Takes a row; returns whether more are wanted. */
    boolean accept(Group row, RawImage image) throws IOException;
  }

  /** Reads rows in their order, each with its decoded image. */
  void rows(IndexRange range, RowConsumer consumer) throws IOException {
    Path path = new Path(folder, fileName(range));
    try (ParquetReader<Group> reader =
        ParquetReader.builder(new GroupReadSupport(), path).withConf(configuration).build()) {
      for (Group row = reader.read(); row != null; row = reader.read()) {
        byte[] png = row.getBinary(SampleTable.IMAGE, 0).getBytes();
        if (!consumer.accept(row, ImageCodec.decode(png, path.toString()))) {
          return;
        }
      }
    }
  }
}
