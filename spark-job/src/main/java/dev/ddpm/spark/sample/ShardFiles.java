package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.config.KeyHistory;
import dev.ddpm.spark.io.DamagedFileException;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.Json;
import dev.ddpm.spark.io.ParquetSeal;
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
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/**
 * The Parquet files of a table of an output folder, one per {@link IndexRange}. A file appears as a
 * whole and under its name only once, with its digest and what it holds in its footer; names that
 * begin with a dot are what killed writers left, and are not read. Nothing of a file is parsed
 * before its bytes have been checked.
 */
final class ShardFiles {
  private static final Set<String> UNLIKE =
      Set.of(SampleTable.IMAGE, SampleTable.X0 + ".list.element");

  private static final String SUFFIX = ".parquet";
  private static final String SHARD_KEY = "ddpm.shard";
  private static final String SETTINGS_KEY = "ddpm.settings";

  private final ShardTable table;
  private final SampleContent content;
  private final Path folder;
  private final Configuration configuration;

  /**
   * A folder, which need not exist.
   *
   * @param output the output folder
   * @param content what its files must be
   */
  ShardFiles(String output, ShardTable table, SampleContent content, Configuration configuration) {
    this.table = table;
    this.content = content;
    this.folder = new Path(output, table.folder());
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
   * @param held what it holds, a {@link Shard} of images or an {@link IndexRange} of trajectories;
   *     asked when all rows are written
   * @return whether it was written
   */
  boolean create(IndexRange range, Supplier<?> held, Content rowsOfFile) throws IOException {
    return new HadoopFileStore(folder.toString(), configuration)
        .createNew(
            fileName(range),
            out -> {
              try (ParquetWriter<List<Object>> rows =
                  ParquetStream.writer(
                      out, table.schema(content), UNLIKE, () -> footer(held.get()))) {
                rowsOfFile.writeTo(rows);
              }
            });
  }

  private Map<String, String> footer(Object held) {
    return Map.of(
        SHARD_KEY, Json.write(held), SETTINGS_KEY, Json.write(new Settings(content.settings())));
  }

  private record Settings(Map<String, String> settings) {}

  /** Path of a file within the output folder. */
  String path(IndexRange range) {
    return path(fileName(range));
  }

  /** Path of a file within the output folder. */
  String path(String fileName) {
    return table.folder() + "/" + fileName;
  }

  static String fileName(IndexRange range) {
    return range.fileStem() + SUFFIX;
  }

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
      throw unreadable(e, folder);
    }
  }

  /** Removes a file, if it is there. */
  void delete(IndexRange range) {
    Path path = new Path(folder, fileName(range));
    try {
      path.getFileSystem(configuration).delete(path, false);
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be removed: %s.", path, e.getMessage());
    }
  }

  /**
   * Checks whether there is an intact file of a range.
   *
   * @throws DdpmException (data) if there is another
   */
  boolean has(IndexRange range) {
    return find(range).isPresent();
  }

  /**
   * The images of a range, if their file is there.
   *
   * @throws DdpmException (data) if it is damaged, or holds something else
   */
  Optional<Shard> shard(IndexRange range) {
    return find(range).map(this::shard);
  }

  private Optional<Checked> find(IndexRange range) {
    Path path = new Path(folder, fileName(range));
    try {
      return Optional.of(check(path.getFileSystem(configuration).getFileStatus(path)));
    } catch (FileNotFoundException none) {
      return Optional.empty();
    } catch (DamagedFileException e) {
      throw damaged(e, path);
    } catch (IOException e) {
      throw unreadable(e, path);
    }
  }

  /**
   * A file whose bytes are intact and which holds what its name says.
   *
   * @param file with its length
   * @param held JSON of what it holds; empty in trajectories of version 0.1
   */
  record Checked(FileStatus file, String held) {}

  /** The images of a checked file. */
  Shard shard(Checked checked) {
    String name = checked.file().getPath().getName();
    return Json.read(checked.held(), Shard.class, checked.file().getPath().toString())
        .located(path(name), checked.file().getLen());
  }

  /**
   * Checks a file as a whole.
   *
   * @throws DamagedFileException if it is not what was written under its name
   * @throws DdpmException (data) if it is an intact file of something else
   */
  Checked check(FileStatus file) throws IOException {
    Optional<String> unsealed = ParquetSeal.check(file, configuration);
    String name = file.getPath().getName();
    if (unsealed.isPresent()
        && !unsealed.get().equals(content.digests().get(table.folder() + "/" + name))) {
      throw new DamagedFileException("it carries no digest");
    }
    ParquetMetadata metadata = metadata(file);
    Map<String, String> footer = metadata.getFileMetaData().getKeyValueMetaData();
    if (unsealed.isPresent() && table == ShardTable.TRAJECTORIES) {
      return new Checked(file, "");
    }
    if (!footer.containsKey(SHARD_KEY) || !footer.containsKey(SETTINGS_KEY)) {
      throw DdpmException.data("%s was not written by this job: move it away.", file.getPath());
    }
    String location = file.getPath().toString();
    Map<String, String> written =
        Json.read(footer.get(SETTINGS_KEY), Settings.class, location).settings();
    if (!KeyHistory.telling(written).equals(KeyHistory.telling(content.settings()))) {
      throw DdpmException.data("%s was written with other settings: move it away.", file.getPath());
    }
    String held = footer.get(SHARD_KEY);
    IndexRange range =
        table == ShardTable.IMAGES
            ? Json.read(held, Shard.class, location).range()
            : Json.read(held, IndexRange.class, location);
    if (!fileName(range).equals(name)) {
      throw new DamagedFileException("it holds the images " + range.fileStem());
    }
    long rows = metadata.getBlocks().stream().mapToLong(BlockMetaData::getRowCount).sum();
    requireRows(rows, range);
    return new Checked(file, held);
  }

  private void requireRows(long rows, IndexRange range) throws DamagedFileException {
    long expected = range.count() * table.rowsPerImage(content.settings());
    if (rows != expected) {
      throw new DamagedFileException("it has %d rows where %d must be".formatted(rows, expected));
    }
  }

  private ParquetMetadata metadata(FileStatus file) throws IOException {
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromStatus(file, configuration))) {
      return reader.getFooter();
    } catch (RuntimeException e) {
      throw new DamagedFileException("its footer cannot be read", e);
    }
  }

  /** Takes the rows of a file. */
  @FunctionalInterface
  interface RowConsumer {
    /** Takes a row; returns whether more are wanted. */
    boolean accept(Group row, RawImage image) throws IOException;
  }

  /**
   * Reads rows in their order, each with its decoded image.
   *
   * @throws DdpmException (data) if the file is absent or damaged, or a row is not what must be
   *     there
   */
  void rows(IndexRange range, RowConsumer consumer) throws IOException {
    Path path = new Path(folder, fileName(range));
    if (!has(range)) {
      throw DdpmException.data("%s is gone: %s.", path, ANEW);
    }
    try {
      read(path, range, consumer);
    } catch (DamagedFileException e) {
      throw damaged(e, path);
    }
  }

  private void read(Path path, IndexRange range, RowConsumer consumer) throws IOException {
    try (ParquetReader<Group> reader =
        ParquetReader.builder(new GroupReadSupport(), path)
            .withConf(configuration)
            .usePageChecksumVerification()
            .build()) {
      long number = 0;
      for (Group row = reader.read(); row != null; row = reader.read()) {
        byte[] png = row.getBinary(SampleTable.IMAGE, 0).getBytes();
        RawImage image = ImageCodec.decode(png, path.toString());
        Optional<String> wrong = table.wrong(row, image, number, range, content);
        if (wrong.isPresent()) {
          throw new DamagedFileException(wrong.get());
        }
        number++;
        if (!consumer.accept(row, image)) {
          return;
        }
      }
      requireRows(number, range);
    }
  }

  /**
   * Checks a file that carries no digest by its content: its shape, every row, and of images the
   * checksum in the footer.
   *
   * @return SHA-256 of its bytes, 64 hexadecimal digits; empty if there is no such file, or it is
   *     not what must be there, or it has a digest of its own
   * @throws IOException if it cannot be read
   */
  Optional<String> adopt(IndexRange range) throws IOException {
    Path path = new Path(folder, fileName(range));
    try {
      FileStatus file = path.getFileSystem(configuration).getFileStatus(path);
      Optional<String> unsealed = ParquetSeal.check(file, configuration);
      return unsealed.isEmpty() || !isAsWritten(file, range) ? Optional.empty() : unsealed;
    } catch (FileNotFoundException | DamagedFileException none) {
      return Optional.empty();
    }
  }

  private boolean isAsWritten(FileStatus file, IndexRange range) {
    try {
      checkContent(file, range);
      return true;
    } catch (IOException | RuntimeException wrong) {
      // All bytes have been read a moment ago: it is not the disk that does not give them.
      return false;
    }
  }

  private void checkContent(FileStatus file, IndexRange range) throws IOException {
    ParquetMetadata metadata = metadata(file);
    requireShape(file, metadata, range);
    ImageDigest digest = new ImageDigest();
    read(
        file.getPath(),
        range,
        (row, image) -> {
          digest.add(row.getLong(SampleTable.INDEX, 0), image.pixels());
          return true;
        });
    if (table == ShardTable.IMAGES) {
      Map<String, String> footer = metadata.getFileMetaData().getKeyValueMetaData();
      String location = file.getPath().toString();
      // Throws if they cannot be read; whether they are those of the folder is asked later.
      Json.read(footer.get(SETTINGS_KEY), Settings.class, location);
      Shard shard = Json.read(footer.get(SHARD_KEY), Shard.class, location);
      if (!shard.fingerprint().equals(digest.fingerprint())
          || !shard.sha256().equals(digest.checksum())) {
        throw new DamagedFileException("its images are not those that were written");
      }
    }
  }

  /** What Parquet's reader takes for granted, and would otherwise wait for without end. */
  private void requireShape(FileStatus file, ParquetMetadata metadata, IndexRange range)
      throws DamagedFileException {
    FileMetaData about = metadata.getFileMetaData();
    if (!about.getSchema().equals(table.schema(content))) {
      throw new DamagedFileException("it has other columns");
    }
    long rows = 0;
    for (BlockMetaData block : metadata.getBlocks()) {
      for (ColumnChunkMetaData column : block.getColumns()) {
        boolean flat = column.getPath().size() == 1;
        if (column.getStartingPos() < 0
            || column.getTotalSize() < 1
            || column.getTotalSize() > file.getLen() - column.getStartingPos()
            || (flat && column.getValueCount() != block.getRowCount())) {
          throw new DamagedFileException("its footer is not that of its columns");
        }
      }
      rows += block.getRowCount();
    }
    requireRows(rows, range);
  }

  private static final String ANEW = "the same 'sample' command makes it anew";

  private static DdpmException damaged(DamagedFileException e, Path path) {
    return DdpmException.data(e, "%s is damaged (%s): %s.", path, e.getMessage(), ANEW);
  }

  private static DdpmException unreadable(IOException e, Path path) {
    return DdpmException.environment(e, "%s cannot be read: %s.", path, e.getMessage());
  }
}
