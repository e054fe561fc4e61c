package dev.ddpm.spark.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Channels;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.Rgb;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.BadImagePolicy;
import dev.ddpm.spark.dataset.TableDescription;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tables that Avro, Delta and Iceberg themselves have written, in folders and in a catalogue. */
class VersionedTablesTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final ImageShape SHAPE = new ImageShape(4, 4, 3);

  @TempDir static Path folder;

  /** As the documents of Delta and Iceberg ask for. */
  private static SparkSession session() {
    return SPARK.session(
        "local[2]",
        Map.of(
            "spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog",
            "spark.sql.catalog.lake.type", "hadoop",
            "spark.sql.catalog.lake.warehouse", folder.resolve("lake").toString(),
            "spark.sql.warehouse.dir", folder.resolve("warehouse").toString()));
  }

  private static Dataset<Row> pictures(int first, int count) {
    List<Row> rows =
        IntStream.range(first, first + count)
            .mapToObj(
                i -> {
                  byte[] pixels = new byte[SHAPE.size()];
                  pixels[0] = (byte) i;
                  return RowFactory.create((long) i, pixels, i % 2);
                })
            .toList();
    return session()
        .createDataFrame(
            rows,
            new StructType()
                .add("nr", DataTypes.LongType)
                .add("photo", DataTypes.BinaryType)
                .add("label", DataTypes.IntegerType));
  }

  private static TableDescription ingest(String input, String output, Map<String, String> read) {
    var options =
        new TableOptions(
            Optional.empty(),
            read,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of("nr"),
            Optional.of(SHAPE));
    return new IngestJob(
            session(),
            new IngestOptions(
                new TableSource(List.of(input), options),
                folder.resolve(output).toString(),
                new ChannelPolicy(Channels.RGB, Rgb.WHITE),
                Optional.empty(),
                Orientation.APPLY,
                BadImagePolicy.FAIL,
                OptionalLong.empty()),
            new PrintWriter(Writer.nullWriter()))
        .run()
        .table();
  }

  @Test
  void avroIsRecognisedByItsFiles() {
    String table = folder.resolve("avro").toString();
    pictures(0, 10).write().format("avro").save(table);

    TableDescription made = ingest(table, "from-avro", Map.of());

    assertThat(made.count()).isEqualTo(10);
    assertThat(made.source()).contains(": avro; images of column photo");
  }

  @Test
  void aDeltaTableIsPinnedInItsFolderAndInTheCatalogue() {
    String table = folder.resolve("delta").toString();
    pictures(0, 10).write().format("delta").save(table);
    pictures(10, 5).write().format("delta").mode("append").save(table);
    session().sql("CREATE TABLE photos USING delta LOCATION '" + table + "'");

    TableDescription byPath = ingest(table, "from-delta", Map.of());
    assertThat(byPath.count()).isEqualTo(15);
    assertThat(byPath.source()).contains("delta; versionAsOf=1;");
    TableDescription byName = ingest("photos", "from-delta-name", Map.of());
    assertThat(byName.source()).contains("table of the catalogue; versionAsOf=1;");
    assertThat(byName.fingerprint()).isEqualTo(byPath.fingerprint());
    TableDescription older = ingest("photos", "from-delta-older", Map.of("versionAsOf", "0"));
    assertThat(older.count()).isEqualTo(10);
    assertThat(older.source()).contains("table of the catalogue; versionAsOf=0;");
  }

  @Test
  void anIcebergTableIsPinnedInItsFolderAndInTheCatalogue() throws Exception {
    session().sql("CREATE NAMESPACE IF NOT EXISTS lake.db");
    pictures(0, 10).writeTo("lake.db.photos").create();
    long first = snapshots().head().getLong(0);
    pictures(10, 5).writeTo("lake.db.photos").append();
    long newest = snapshots().where("snapshot_id <> " + first).head().getLong(0);

    TableDescription byPath =
        ingest(folder.resolve("lake/db/photos").toString(), "from-iceberg", Map.of());
    assertThat(byPath.count()).isEqualTo(15);
    assertThat(byPath.source()).contains("iceberg; snapshot-id=" + newest + ";");
    TableDescription byName = ingest("lake.db.photos", "from-iceberg-name", Map.of());
    assertThat(byName.source()).contains("table of the catalogue; snapshot-id=" + newest + ";");
    assertThat(byName.fingerprint()).isEqualTo(byPath.fingerprint());
    TableDescription older =
        ingest("lake.db.photos", "from-iceberg-older", Map.of("snapshot-id", "" + first));
    assertThat(older.count()).isEqualTo(10);
  }

  private static Dataset<Row> snapshots() {
    return session().table("lake.db.photos.snapshots").select("snapshot_id");
  }
}
