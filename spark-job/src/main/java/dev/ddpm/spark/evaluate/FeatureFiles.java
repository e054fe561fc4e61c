package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.Checksum;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.spark.io.DamagedFileException;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.ParquetSeal;
import dev.ddpm.spark.io.ParquetStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The features of a table's images, kept as Parquet files of {@value #SHARD} images each, by their
 * ids. A file appears as a whole and carries a digest of itself, and what it holds is a function of
 * the images and the extractor alone: whoever finds it may use it.
 *
 * <p>A row has the {@code id} of the image and its {@code features}: float32 numbers, the lowest
 * byte of each first.
 *
 * @param folder full path of a folder that holds these files and nothing else
 * @param settings what decides the features: the images and the extractor
 * @param images images of the table
 * @param features numbers per image
 */
record FeatureFiles(String folder, SortedMap<String, String> settings, long images, int features)
    implements Serializable {

  /** Images of a file; part of what is stored. */
  static final int SHARD = 1024;

  static final String ABOUT = "features.json";
  private static final StoredFormat FORMAT = StoredFormat.numbered().withDigestSince(1);
  private static final String SETTINGS_KEY = "ddpm.features";
  private static final String ID = "id";
  private static final String FEATURES = "features";
  private static final int NAME_DIGITS = 16;

  FeatureFiles {
    settings = new TreeMap<>(settings);
  }

  /**
   * The files in a folder of many such sets.
   *
   * @param cache the folder
   */
  static FeatureFiles in(
      String cache, SortedMap<String, String> settings, long images, int features) {
    String name =
        settings.getOrDefault("extractor.kind", "features")
            + "-"
            + digest(settings).substring(0, NAME_DIGITS);
    return new FeatureFiles(new Path(cache, name).toString(), settings, images, features);
  }

  private static String digest(Map<String, String> settings) {
    byte[] text = settings.toString().getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(Checksum.digest().digest(text));
  }

  /**
   * Writes down what the files are, or checks that those which are there are the same. A damaged
   * description is replaced: the name of the folder says as much. Where all is there nothing is
   * written, so that a folder of others can be used that may only be read.
   *
   * @return whether a damaged one was replaced
   * @throws DdpmException (data) if the folder holds something else, or a newer version wrote it
   */
  boolean describe(Configuration configuration) {
    var store = store(configuration);
    Map<String, Object> about = new TreeMap<>();
    about.put("settings", settings);
    about.put("images", images);
    about.put("features", features);
    byte[] mine = FORMAT.write(Json.object(about));
    try {
      if (!store.exists(ABOUT) && store.createNew(ABOUT, out -> out.write(mine))) {
        return false;
      }
      byte[] there;
      try (InputStream in = store.open(ABOUT)) {
        there = in.readAllBytes();
      }
      if (isDamaged(there, store.location(ABOUT))) {
        store.create(ABOUT, out -> out.write(mine));
        return true;
      }
      if (!new String(there, StandardCharsets.UTF_8)
          .equals(new String(mine, StandardCharsets.UTF_8))) {
        throw DdpmException.data(
            "%s tells of other features than those wanted: move the folder away.",
            store.location(ABOUT));
      }
      return false;
    } catch (IOException e) {
      throw unusable(e, store.location(ABOUT));
    }
  }

  private static boolean isDamaged(byte[] about, String location) {
    try {
      FORMAT.upgrade(about, location);
      return false;
    } catch (DdpmException unreadable) {
      if (FORMAT.isNewer(about)) {
        throw unreadable;
      }
      return true;
    }
  }

  /** Number of files of the first images. */
  static int shards(long images) {
    return Math.toIntExact((images + SHARD - 1) / SHARD);
  }

  /** Images in a file. */
  int count(int shard) {
    return (int) Math.min(SHARD, images - (long) shard * SHARD);
  }

  private String name(int shard) {
    long first = (long) shard * SHARD;
    return String.format(Locale.ROOT, "%012d-%012d.parquet", first, first + count(shard) - 1);
  }

  /** Full path of a file. */
  String path(int shard) {
    return folder + "/" + name(shard);
  }

  /** Full path of the description. */
  String about() {
    return folder + "/" + ABOUT;
  }

  private HadoopFileStore store(Configuration configuration) {
    return new HadoopFileStore(folder, configuration);
  }

  /** Whether a file is there and as it was written. */
  enum State {
    ABSENT,
    INTACT,
    DAMAGED
  }

  /** Reads every byte of a file and checks them. */
  State check(int shard, Configuration configuration) {
    Path path = new Path(path(shard));
    try {
      return ParquetSeal.check(path.getFileSystem(configuration).getFileStatus(path), configuration)
              .isPresent()
          ? State.DAMAGED
          : State.INTACT;
    } catch (FileNotFoundException none) {
      return State.ABSENT;
    } catch (DamagedFileException damaged) {
      return State.DAMAGED;
    } catch (IOException e) {
      throw unusable(e, path.toString());
    }
  }

  /** Removes a file. */
  void delete(int shard, Configuration configuration) {
    try {
      store(configuration).delete(name(shard));
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be removed: %s.", path(shard), e.getMessage());
    }
  }

  /** Writes a file, unless it is there. */
  void write(int shard, float[] values, Configuration configuration) throws IOException {
    store(configuration)
        .createNew(
            name(shard),
            out -> {
              try (ParquetWriter<List<Object>> rows =
                  ParquetStream.writer(
                      out,
                      schema(),
                      Set.of(FEATURES),
                      () -> Map.of(SETTINGS_KEY, digest(settings)))) {
                for (int row = 0; row < count(shard); row++) {
                  rows.write(List.of((long) shard * SHARD + row, bytes(values, row)));
                }
              }
            });
  }

  private byte[] bytes(float[] values, int row) {
    ByteBuffer bytes = ByteBuffer.allocate(features * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values, row * features, features);
    return bytes.array();
  }

  /**
   * Reads the first rows of a file that was checked.
   *
   * @param rows how many
   * @throws DdpmException (data) if they are not what was written
   */
  FeatureRows read(int shard, int rows, Configuration configuration) {
    Path path = new Path(path(shard));
    float[] values = new float[rows * features];
    try (ParquetReader<Group> reader =
        ParquetReader.builder(new GroupReadSupport(), path)
            .withConf(configuration)
            .usePageChecksumVerification()
            .build()) {
      for (int row = 0; row < rows; row++) {
        Group group = reader.read();
        if (group == null || group.getLong(ID, 0) != (long) shard * SHARD + row) {
          throw damaged(path);
        }
        ByteBuffer bytes = group.getBinary(FEATURES, 0).toByteBuffer();
        if (bytes.remaining() != features * Float.BYTES) {
          throw damaged(path);
        }
        bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values, row * features, features);
      }
    } catch (IOException e) {
      throw unusable(e, path.toString());
    }
    return new FeatureRows(values, rows, features);
  }

  private static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named(ID)
        .required(PrimitiveTypeName.BINARY)
        .named(FEATURES)
        .named("features");
  }

  private static DdpmException damaged(Path path) {
    return DdpmException.data("%s is damaged: the same 'evaluate' command makes it anew.", path);
  }

  private static DdpmException unusable(IOException e, String path) {
    return DdpmException.environment(e, "%s cannot be read or written: %s.", path, e.getMessage());
  }
}
