package dev.ddpm.spark.io;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.schema.MessageType;

/**
 * Writes a Parquet file into a stream, so that whoever opened the stream decides on its commit. Its
 * pages have checksums, and the whole has a digest in its footer, see {@link ParquetSeal}.
 */
public final class ParquetStream {
  private ParquetStream() {}

  /**
   * A writer of rows, one value per column.
   *
   * @param out the file, empty; closed with the writer
   * @param unlike paths of columns whose values are hardly ever equal and do not shrink, such as
   *     PNG files and noise: they get no dictionary
   * @param footer gives the metadata of the file, asked when the writer is closed
   */
  public static ParquetWriter<List<Object>> writer(
      OutputStream out,
      MessageType schema,
      Set<String> unlike,
      Supplier<Map<String, String>> footer)
      throws IOException {
    SealingStream file = new SealingStream(out);
    Builder builder =
        new Builder(
            new StreamFile(file), new RowWriteSupport(schema, () -> sealable(file, footer.get())));
    unlike.forEach(column -> builder.withDictionaryEncoding(column, false));
    return builder
        .withCompressionCodec(CompressionCodecName.SNAPPY)
        .withPageWriteChecksumEnabled(true)
        .withConf(new Configuration(false))
        .build();
  }

  private static Map<String, String> sealable(SealingStream file, Map<String, String> footer) {
    file.endOfRows();
    Map<String, String> all = new TreeMap<>(footer);
    all.put(ParquetSeal.KEY, ParquetSeal.BLANK);
    return all;
  }

  private static final class Builder extends ParquetWriter.Builder<List<Object>, Builder> {
    private final RowWriteSupport support;

    Builder(OutputFile file, RowWriteSupport support) {
      super(file);
      this.support = support;
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<List<Object>> getWriteSupport(Configuration configuration) {
      return support;
    }
  }

  private record StreamFile(SealingStream stream) implements OutputFile {
    @Override
    public PositionOutputStream create(long blockSizeHint) {
      return stream;
    }

    @Override
    public PositionOutputStream createOrOverwrite(long blockSizeHint) {
      return create(blockSizeHint);
    }

    @Override
    public boolean supportsBlockSize() {
      return false;
    }

    @Override
    public long defaultBlockSize() {
      return 0;
    }
  }
}
