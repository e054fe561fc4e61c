package dev.ddpm.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.cli.Ddpm;
import dev.ddpm.spark.dataset.Files64;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.protocol.HdfsConstants;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** All jobs with every path on HDFS, compared with the same jobs on local files. */
class JobsOnHdfsTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path folder;

  private static MiniDFSCluster cluster;
  private static FileSystem hdfs;

  @BeforeAll
  static void start() throws IOException {
    var configuration = new Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
    cluster.waitActive();
    hdfs = cluster.getFileSystem();
  }

  @AfterAll
  static void stop() {
    cluster.shutdown();
  }

  @Test
  void fromImageFilesToSamples() throws IOException {
    hdfs.copyFromLocalFile(hadoop(Files64.IMAGES), hadoop("/input/images.gz"));
    hdfs.copyFromLocalFile(hadoop(Files64.LABELS), hadoop("/input/labels.gz"));
    // Without a trailing slash, as a user writes it.
    String remote = hdfs.getUri().toString();
    String local = folder.resolve("local").toString();

    runAll(remote + "/input/images.gz", remote + "/input/labels.gz", remote);
    runAll(Files64.IMAGES, Files64.LABELS, local);

    for (String file : List.of("weights", "ema", "updater")) {
      String name = "run/model/" + file + ".safetensors";
      try (InputStream in = hdfs.open(hadoop("/" + name))) {
        assertThat(in.readAllBytes()).as(file).isEqualTo(Files.readAllBytes(Path.of(local, name)));
      }
    }
    assertThat(images(remote)).hasSize(5).isEqualTo(images(local));
    assertThat(hdfs.exists(hadoop("/samples/contact-sheet.png"))).isTrue();
  }

  @Test
  void aFullDiskIsOneLineAndLosesNothing() throws IOException {
    String table = folder.resolve("full-table").toString();
    TinyExperiment.ingest(SPARK.session(), table);
    String run = hdfs.getUri() + "/full/run";
    List<String> train = List.of("train", "--data", table, "--run", run);
    succeed(train, TinyExperiment.options(), List.of("--set", "training.max-rounds=4"));

    limit(1);
    var err = new StringWriter();
    List<String> again = new ArrayList<>(train);
    again.addAll(TinyExperiment.options());
    int exit = run(err, again.toArray(String[]::new));

    assertThat(exit).as(err.toString()).isEqualTo(4);
    assertThat(err.toString().lines().filter(line -> line.startsWith("error: ")))
        .singleElement()
        .asString()
        .contains("quota", "/full");

    limit(HdfsConstants.QUOTA_RESET);
    succeed(train, TinyExperiment.options());
    String undisturbed = folder.resolve("undisturbed").toString();
    succeed(List.of("train", "--data", table, "--run", undisturbed), TinyExperiment.options());
    try (InputStream in = hdfs.open(hadoop("/full/run/model/weights.safetensors"))) {
      assertThat(in.readAllBytes())
          .isEqualTo(Files.readAllBytes(Path.of(undisturbed, "model/weights.safetensors")));
    }
  }

  private static void limit(long bytes) throws IOException {
    cluster.getFileSystem().setQuota(hadoop("/full"), HdfsConstants.QUOTA_DONT_SET, bytes);
  }

  @Test
  void aFolderOfManyFoldersIsTheSameAsOnLocalFiles() throws IOException {
    Path local = folder.resolve("many");
    byte[] text = "notes".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 40; i++) {
      Path inner = Files.createDirectories(local.resolve("class " + i % 20 + "/" + i / 20));
      Files.write(inner.resolve(i + ".png"), picture(i));
      Files.write(inner.resolve("notes.txt"), text);
    }
    Files.write(local.resolve("top.png"), picture(40));
    hdfs.copyFromLocalFile(hadoop(local.toString()), hadoop("/many"));

    String onHdfs = ingestFolder(hdfs.getUri() + "/many", "many-remote");
    String onDisk = ingestFolder(local.toString(), "many-local");

    assertThat(onHdfs).isEqualTo(onDisk).contains("found 81, used 41", "40 left out");
    assertThat(rows("many-remote")).hasSize(41).isEqualTo(rows("many-local"));
  }

  @Test
  void anArchiveIsTheSameAsOnLocalFiles() throws IOException {
    Path archive = folder.resolve("pictures.zip");
    try (var zip = new ZipOutputStream(Files.newOutputStream(archive))) {
      for (int i = 0; i < 5; i++) {
        zip.putNextEntry(new ZipEntry(i + ".png"));
        zip.write(picture(i));
      }
    }
    hdfs.copyFromLocalFile(hadoop(archive.toString()), hadoop("/archives/pictures.zip"));

    succeed(
        List.of("ingest", "--output", folder.resolve("archive-remote").toString()),
        List.of(hdfs.getUri() + "/archives"));
    succeed(
        List.of("ingest", "--output", folder.resolve("archive-local").toString()),
        List.of(archive.toString()));

    assertThat(rows("archive-remote")).hasSize(5).isEqualTo(rows("archive-local"));
  }

  private static String ingestFolder(String input, String table) {
    var out = new StringWriter();
    int exit =
        Ddpm.run(
            new PrintWriter(out, true),
            new PrintWriter(out, true),
            "ingest",
            "--source",
            "folder",
            "--channels",
            "grey",
            "--output",
            folder.resolve(table).toString(),
            input);
    assertThat(exit).as(out.toString()).isZero();
    return out.toString().lines().skip(1).collect(Collectors.joining("\n"));
  }

  private static List<String> rows(String table) {
    return SPARK
        .session()
        .read()
        .parquet(folder.resolve(table).toString())
        .selectExpr("id", "source", "hex(image)")
        .orderBy("id")
        .collectAsList()
        .stream()
        .map(Row::mkString)
        .toList();
  }

  private static byte[] picture(int value) {
    return ImageCodec.encodePng(new RawImage(1, 1, 1, new byte[] {(byte) value}));
  }

  @Test
  void aWrongPathIsOneLine() {
    var err = new StringWriter();
    String table = hdfs.getUri() + "/none";

    assertThat(run(err, "train", "--data", table, "--run", hdfs.getUri() + "/other")).isEqualTo(3);
    assertThat(err.toString().lines())
        .containsExactly("error: The image table " + table + " does not exist.");
  }

  private static void runAll(String images, String labels, String base) {
    succeed(
        List.of(
            "ingest --source idx --height 16 --width 12 --resize stretch --labels".split(" ", -1)),
        List.of(labels, "--output", base + "/table", images));
    succeed(
        List.of("train", "--data", base + "/table", "--run", base + "/run"),
        TinyExperiment.options(),
        List.of("--set", "training.max-rounds=3"));
    succeed(
        List.of("sample", "--model", base + "/run", "--output", base + "/samples", "--count", "5"),
        TinyExperiment.options());
  }

  @SafeVarargs
  private static void succeed(List<String>... arguments) {
    List<String> all = new ArrayList<>();
    for (List<String> some : arguments) {
      all.addAll(some);
    }
    var err = new StringWriter();
    assertThat(run(err, all.toArray(String[]::new))).as(() -> err.toString()).isZero();
  }

  private static int run(StringWriter err, String... arguments) {
    return Ddpm.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), arguments);
  }

  private static List<String> images(String base) {
    return SPARK
        .session()
        .read()
        .parquet(base + "/samples/images")
        .selectExpr("sample_index || ':' || sha2(image, 256)")
        .orderBy("sample_index")
        .collectAsList()
        .stream()
        .map((Row row) -> row.getString(0))
        .toList();
  }

  private static org.apache.hadoop.fs.Path hadoop(String path) {
    return new org.apache.hadoop.fs.Path(path);
  }
}
