package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.dataset.TableDescription;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class IngestCommandTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final String IMAGES = "src/test/resources/fashion-mnist-64/images-idx3-ubyte.gz";
  private static final String LABELS = "src/test/resources/fashion-mnist-64/labels-idx1-ubyte.gz";

  private static final String NAMES =
      "t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot";

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** Runs the command; what it throws comes out as it is. */
  private int run(String... arguments) {
    CommandLine command =
        new CommandLine(new IngestCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .setExecutionExceptionHandler(
                (exception, unused, result) -> {
                  throw exception;
                });
    return command.execute(arguments);
  }

  private String table() {
    return folder.resolve("table").toString();
  }

  @Test
  void makesATable() {
    int code =
        run(
            "--source",
            "idx",
            "--labels",
            LABELS,
            "--height",
            "16",
            "--width",
            "14",
            "--channels",
            "rgb",
            "--resize",
            "pad",
            "--limit",
            "20",
            "--output",
            table(),
            IMAGES);

    assertThat(code).isZero();
    assertThat(out.toString())
        .isEqualToIgnoringNewLines(
            "20 images of 16×14×3 in "
                + table()
                + "\n"
                + "found 64, used 20\n"
                + "  44 left out because it comes after the first 20 good ones (--limit):"
                + " images-idx3-ubyte.gz#20, images-idx3-ubyte.gz#21, images-idx3-ubyte.gz#22,"
                + " …\n");
    assertThat(SparkSession.active().read().parquet(table()).filter("label is not null").count())
        .isEqualTo(20);
  }

  @Test
  void findsOutWhatTheInputIs() {
    assertThat(run("--labels", LABELS, "--output", table(), IMAGES)).isZero();

    // Where it takes long, lines of progress come between.
    assertThat(out.toString().lines().filter(line -> !line.startsWith("decoding ")))
        .containsExactly("source: idx", "64 images of 28×28×1 in " + table(), "found 64, used 64");
  }

  /** Its description tells channels, classes and order. */
  @Test
  void aTableOfItsOwnStaysAsItIs() {
    String again = folder.resolve("again").toString();
    run("--labels", LABELS, "--label-names", NAMES, "--output", table(), IMAGES);

    assertThat(run("--output", again, table())).isZero();

    assertThat(out.toString())
        .contains("64 images of 28×28×1 in " + again, "read: image table of 28×28×1\n");
    assertThat(description(again).fingerprint()).isEqualTo(description(table()).fingerprint());
    assertThat(description(again).labelNames()).containsExactly(NAMES.split(","));
    assertThat(labels(again)).isEqualTo(labels(table())).doesNotContainNull().hasSize(64);
  }

  @Test
  void aTableOfItsOwnBecomesWhatIsAskedFor() {
    String rgb = folder.resolve("rgb").toString();
    String both = folder.resolve("both").toString();
    run("--labels", LABELS, "--output", table(), IMAGES);

    assertThat(run("--channels", "rgb", "--height", "8", "--width", "8", "--output", rgb, table()))
        .isZero();
    assertThat(run("--height", "8", "--width", "8", "--output", both, table(), rgb))
        .as("tables of several kinds are as those of any program")
        .isZero();

    assertThat(description(rgb).shape()).isEqualTo("8×8×3");
    assertThat(description(both).shape()).isEqualTo("8×8×3");
    assertThat(out.toString()).contains("read: image table of 28×28×1 and 8×8×3\n");
  }

  private static List<Object> labels(String table) {
    return SPARK
        .session()
        .read()
        .parquet(table)
        .orderBy("id")
        .select("label")
        .collectAsList()
        .stream()
        .map(row -> row.get(0))
        .toList();
  }

  private static TableDescription description(String table) {
    return TableDescription.read(
            new org.apache.hadoop.fs.Path(table),
            SPARK.session().sparkContext().hadoopConfiguration())
        .orElseThrow();
  }

  @Test
  void saysThatTheInputWasRecognisedWhereAnOptionDoesNotFit() {
    assertThatThrownBy(() -> call("--glob", "*.png", "--output", table(), IMAGES))
        .hasMessage(
            "--glob was given with --source idx, as which the input was recognised: it goes with"
                + " folder or archive only.");
  }

  @Test
  void listsWhatWasSkippedAndTheLabels() throws Exception {
    Path input = Files.createDirectories(folder.resolve("input/cat"));
    byte[] png = ImageCodec.encodePng(new RawImage(1, 1, 1, new byte[1]));
    Files.write(input.resolve("1.png"), png);
    Files.write(input.resolve("2.png"), "text".getBytes(StandardCharsets.UTF_8));

    int code =
        run(
            "--source",
            "folder",
            "--channels",
            "grey",
            "--label-from-folder",
            "--on-bad-image",
            "skip",
            "--max-bad",
            "50%",
            "--output",
            table(),
            input.getParent().toString());

    assertThat(code).isZero();
    assertThat(out.toString().lines())
        .containsExactly(
            "1 images of 1×1×1 in " + table(),
            "1 bad images were skipped:",
            "  cat/2.png is not a PNG, JPEG, GIF, BMP, WebP or TIFF file: it begins with the bytes"
                + " 74 65 78 74.",
            "found 2, used 1",
            "  1 left out because it is not a PNG, JPEG, GIF, BMP, WebP or TIFF file: cat/2.png",
            "label 0: cat");
  }

  @Test
  void namesTheLabelsOfAnIdxFile() {
    String names = "t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag, ankle boot";

    int code = run("--labels", LABELS, "--label-names", names, "--output", table(), IMAGES);

    assertThat(code).isZero();
    assertThat(out.toString().lines())
        .contains("label 0: t-shirt", "label 8: bag", "label 9: ankle boot");
    assertThat(ImageTableReader.open(SPARK.session(), table()).labelNames()).hasSize(10);
  }

  @Test
  void refusesLabelsWithoutAName() {
    assertThatThrownBy(
            () -> call("--labels", LABELS, "--label-names", "a,b", "--output", table(), IMAGES))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("labels-idx1-ubyte.gz has the label ")
        .hasMessageContaining(", but 2 names were given, of labels 0 to 1.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--source folder|--channels is missing",
        "--source folder --labels x|--labels was given with --source folder: it goes with idx"
            + " only.",
        "--source idx --glob x|--glob was given with --source idx: it goes with folder or"
            + " archive only.",
        "--source idx --orientation ignore|--orientation was given with --source idx: it goes with"
            + " folder or archive or table only.",
        "--source folder --label-names x|--label-names was given with --source folder: it goes with"
            + " idx only.",
        "--source idx --label-names a,b|--label-names was given without --labels.",
        "--source idx --labels l --label-names a,b,a|--label-names = a,b,a: a stands there twice;"
            + " every class needs a name of its own.",
        "--source idx --labels l --label-names a,,b|--label-names = a,,b: one name is empty;",
        "--source cifar10 --label-from-folder|--label-from-folder was given with --source cifar10",
        "--source idx second|--source idx takes one INPUT; 2 were given.",
        "--source idx --height 4|--height and --width must be given together, or neither.",
        "--source idx --resize pad|--resize was given without --height and --width.",
        "--source idx --max-bad 3|--max-bad was given, but --on-bad-image is fail.",
        "--source idx --on-bad-image skip --max-bad x|max-bad = x: must be a number of images",
        "--source idx --background red|'red' is not a colour",
        "--source idx --limit 0|limit = 0: must be at least 1.",
      })
  void refusesOptionsThatDoNotFit(String arguments, String message) {
    String[] all = ("--output " + table() + " input " + arguments).split(" ", -1);

    assertThatThrownBy(() -> call(all))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContaining(message);
  }

  private static Integer call(String... arguments) {
    IngestCommand command = new IngestCommand();
    new CommandLine(command).parseArgs(arguments);
    return command.call();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--source tfrecord --output o i|'tfrecord' is not one of idx, cifar10, folder",
        "--source idx --channels cmyk --output o i|'cmyk' is not one of grey, rgb, rgba",
        "--source idx --resize fill --output o i|'fill' is not one of stretch, center-crop, pad",
        "--source idx --output o|Missing required parameter: 'INPUT'",
        "--source idx i|Missing required option: '--output=FOLDER'",
      })
  void refusesWordsThatItDoesNotKnow(String arguments, String message) {
    assertThat(run(arguments.split(" ", -1))).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains(message);
  }

  @Test
  void explainsItself() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains(
            "Usage: ingest",
            "Examples:",
            "      --label-from-folder --on-bad-image skip --max-bad 1% \\",
            "      --output tables/flowers s3a://bucket/flowers");
  }
}
