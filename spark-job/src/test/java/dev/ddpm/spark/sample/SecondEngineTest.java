package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
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
import java.util.regex.Pattern;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * The output in the eyes of others: DuckDB, whose Parquet reader shares nothing with the writer,
 * and the queries of SAMPLING.md as they stand there.
 */
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
                BackendChoice.DEFAULT,
                Set.of(Export.NPZ)));
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
        ResultSet result = statement.executeQuery(located(sql))) {
      while (result.next()) {
        rows.add(reader.read(result));
      }
    }
    return rows;
  }

  private static String located(String query) {
    return query.replace("samples/", folder.resolve("samples") + "/");
  }

  /** The queries of SAMPLING.md in a language, each from its line of comment to its semicolon. */
  private static List<String> documented(String language) throws IOException {
    String text = Files.readString(Path.of("SAMPLING.md"));
    return Pattern.compile("^-- " + language + "[^\n]*\n([^;]*);", Pattern.MULTILINE)
        .matcher(text)
        .results()
        .map(query -> query.group(1))
        .toList();
  }

  @Test
  void theDocumentedQueriesOfDuckDbFindRows() throws IOException, SQLException {
    List<String> queries = documented("DuckDB");

    assertThat(queries).hasSize(3);
    for (String query : queries) {
      assertThat(query(query, row -> row.getString(1))).as(query).isNotEmpty();
    }
  }

  @Test
  void theDocumentedQueryOfSparkCountsTheImages() throws IOException {
    List<String> queries = documented("Spark SQL");

    assertThat(queries).hasSize(1);
    List<Row> rows = SPARK.session().sql(located(queries.get(0))).collectAsList();
    assertThat(rows).hasSize(1);
    assertThat(rows.get(0).<Long>getAs("images")).isEqualTo(20);
    assertThat(rows.get(0).<Double>getAs("png_bytes")).isGreaterThan(64);
  }

  @Test
  void theDocumentedPythonRuns() throws IOException, InterruptedException {
    assumeTrue(python("import numpy, pandas, pyarrow, PIL") == 0, "no pandas, pyarrow or Pillow");
    String text = Files.readString(Path.of("SAMPLING.md"));
    String script = text.split("```python\n", 2)[1].split("```", 2)[0];

    assertThat(python(located(script))).as(script).isZero();
  }

  private static int python(String script) throws InterruptedException {
    try {
      return new ProcessBuilder("python3", "-c", script)
          .redirectOutput(Redirect.DISCARD)
          .redirectError(Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException noPython) {
      return -1;
    }
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
