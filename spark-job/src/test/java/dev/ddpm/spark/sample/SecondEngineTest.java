package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The output in the eyes of DuckDB, whose Parquet reader shares nothing with the writer. */
class SecondEngineTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path folder;

  private static Connection duckDb;

  @BeforeAll
  static void sample() throws SQLException {
    Path model = TinyModel.write(folder.resolve("model"), 5);
    new SampleJob(SPARK.session(), new PrintWriter(new StringWriter()))
        .run(
            new SampleJob.Request(
                model.toString(),
                folder.resolve("samples").toString(),
                20,
                TinyModel.sampling("sampling.keep-x0=true", "sampling.trajectory=2"),
                Set.of()));
    duckDb = DriverManager.getConnection("jdbc:duckdb:");
  }

  @AfterAll
  static void close() throws SQLException {
    duckDb.close();
  }

  private interface RowReader<T> {
    T read(ResultSet row) throws SQLException;
  }

  private static <T> List<T> query(String sql, RowReader<T> reader) throws SQLException {
    List<T> rows = new ArrayList<>();
    try (Statement statement = duckDb.createStatement();
        ResultSet result =
            statement.executeQuery(
                sql.replace("samples/", folder.resolve("samples").toString() + "/"))) {
      while (result.next()) {
        rows.add(reader.read(result));
      }
    }
    return rows;
  }

  @Test
  void theSchemaIsTheDocumentedOne() throws SQLException {
    assertThat(
            query(
                "DESCRIBE SELECT * FROM 'samples/images/*.parquet'",
                row -> row.getString("column_name") + " " + row.getString("column_type")))
        .containsExactly(
            "sample_index BIGINT",
            "seed BIGINT",
            "image BLOB",
            "height INTEGER",
            "width INTEGER",
            "channels INTEGER",
            "sampler VARCHAR",
            "steps INTEGER",
            "model_hash VARCHAR",
            "x0 FLOAT[]");
  }

  /** The query of SAMPLING.md. */
  @Test
  void everyIndexIsThereOnce() throws SQLException {
    assertThat(
            query(
                "SELECT sampler, steps, count(*) AS images, count(DISTINCT sample_index),"
                    + " max(sample_index) FROM 'samples/images/*.parquet' GROUP BY ALL",
                row ->
                    row.getString(1)
                        + " "
                        + row.getInt(2)
                        + " "
                        + row.getLong(3)
                        + " "
                        + row.getLong(4)
                        + " "
                        + row.getLong(5)))
        .containsExactly("ddim 5 20 20 19");
  }

  @Test
  void imagesAndFloatsAreTheSame() throws SQLException {
    List<RawImage> images =
        query(
            "SELECT image FROM 'samples/images/*.parquet' ORDER BY sample_index",
            row -> {
              Blob png = row.getBlob(1);
              return ImageCodec.decode(png.getBytes(1, (int) png.length()), "image");
            });
    List<Object[]> floats =
        query(
            "SELECT x0 FROM 'samples/images/*.parquet' ORDER BY sample_index",
            row -> {
              Array array = row.getArray(1);
              return (Object[]) array.getArray();
            });

    assertThat(images).hasSize(20);
    for (int image = 0; image < 20; image++) {
      for (int i = 0; i < 64; i++) {
        float value = (Float) floats.get(image)[i];
        assertThat((int) Math.floor((value + 1) * 127.5 + 0.5))
            .isEqualTo(images.get(image).pixels()[i] & 0xff);
      }
    }
  }

  @Test
  void trajectoriesJoinTheImages() throws SQLException {
    assertThat(
            query(
                "SELECT count(*) FROM 'samples/trajectories/*.parquet' t"
                    + " JOIN 'samples/images/*.parquet' i USING (sample_index)"
                    + " WHERE t.frame = 1 AND t.image = i.image",
                row -> row.getLong(1)))
        .containsExactly(20L);
  }
}
