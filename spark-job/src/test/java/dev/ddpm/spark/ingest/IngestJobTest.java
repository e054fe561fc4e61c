package dev.ddpm.spark.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Channels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.ResizePolicy;
import dev.ddpm.image.Rgb;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.BadImagePolicy;
import dev.ddpm.spark.dataset.Files64;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.dataset.Pictures;
import dev.ddpm.spark.dataset.TableDescription;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import scala.collection.JavaConverters;

class IngestJobTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final ChannelPolicy GREY = new ChannelPolicy(Channels.GREY, Rgb.WHITE);
  private static final ChannelPolicy RGB = new ChannelPolicy(Channels.RGB, Rgb.WHITE);

  @TempDir Path folder;

  private Path output() {
    return folder.resolve("table");
  }

  private Path input() {
    return folder.resolve("input");
  }

  private IngestOptions options(ImageSource source, ChannelPolicy channels) {
    return new IngestOptions(
        source,
        output().toString(),
        channels,
        Optional.empty(),
        Orientation.APPLY,
        BadImagePolicy.FAIL,
        OptionalLong.empty());
  }

  private IngestOptions skipping(String maxBad) {
    return new IngestOptions(
        pictures(false),
        output().toString(),
        GREY,
        Optional.empty(),
        Orientation.APPLY,
        new BadImagePolicy(maxBad),
        OptionalLong.empty());
  }

  private FolderSource pictures(boolean labelFromFolder) {
    return new FolderSource(input().toString(), Optional.empty(), labelFromFolder);
  }

  private static IngestResult ingest(IngestOptions options) {
    return new IngestJob(SPARK.session(), options, new PrintWriter(Writer.nullWriter())).run();
  }

  private List<Row> rows() {
    return SPARK.session().read().parquet(output().toString()).orderBy("id").collectAsList();
  }

  private static byte[] pixels(Row row) {
    return ImageCodec.decode(row.getAs("image"), "row").pixels();
  }

  private static byte[] unzipped(String path) throws IOException {
    try (var in = new GZIPInputStream(Files.newInputStream(Path.of(path)))) {
      return in.readAllBytes();
    }
  }

  private void assertRefused(
      IngestOptions options, DdpmException.Category category, String... message) {
    assertThatThrownBy(() -> ingest(options))
        .hasStackTraceContaining(message[0])
        .satisfies(
            thrown -> {
              Throwable cause = thrown;
              while (!(cause instanceof DdpmException) && cause.getCause() != null) {
                cause = cause.getCause();
              }
              assertThat(cause).isInstanceOf(DdpmException.class).hasMessageContainingAll(message);
              assertThat(((DdpmException) cause).category()).isEqualTo(category);
            });
    assertThat(output()).satisfiesAnyOf(p -> assertThat(p).doesNotExist(), this::assertHasNoTable);
  }

  private void assertHasNoTable(Path path) {
    assertThat(path.resolve("_SUCCESS")).doesNotExist();
    assertThat(path.resolve(TableDescription.FILE_NAME)).doesNotExist();
  }

  // IDX

  @Test
  void idxKeepsEveryPixelAndLabel() throws IOException {
    IngestResult result =
        ingest(
            options(new IdxSource(Files64.IMAGES, Optional.of(Files64.LABELS), List.of()), GREY));

    assertThat(result.skipped()).isZero();
    assertThat(result.table().count()).isEqualTo(64);
    assertThat(result.table().shape()).isEqualTo("28×28×1");
    byte[] images = unzipped(Files64.IMAGES);
    byte[] labels = unzipped(Files64.LABELS);
    List<Row> rows = rows();
    assertThat(rows).hasSize(64);
    for (int i = 0; i < 64; i++) {
      Row row = rows.get(i);
      assertThat(row.<Long>getAs("id")).isEqualTo(i);
      assertThat(pixels(row))
          .isEqualTo(Arrays.copyOfRange(images, 16 + i * 784, 16 + (i + 1) * 784));
      assertThat(row.<Integer>getAs("label")).isEqualTo(labels[8 + i]);
      assertThat(row.<String>getAs("source")).isEqualTo("images-idx3-ubyte.gz#" + i);
      assertThat(row.<Integer>getAs("height")).isEqualTo(28);
      assertThat(row.<Integer>getAs("width")).isEqualTo(28);
      assertThat(row.<Integer>getAs("channels")).isEqualTo(1);
    }
    assertThat(SPARK.session().read().parquet(output().toString()).schema().fieldNames())
        .containsExactly("id", "image", "height", "width", "channels", "label", "source");
  }

  @Test
  void idxNeedsNoCompressionAndNoLabels() throws IOException {
    Path plain = folder.resolve("plain");
    Files.write(plain, unzipped(Files64.IMAGES));

    ingest(options(new IdxSource(plain.toString(), Optional.empty(), List.of()), GREY));

    assertThat(rows()).hasSize(64).allSatisfy(row -> assertThat(row.isNullAt(5)).isTrue());
  }

  @Test
  void idxMayBeTallerThanWide() throws IOException {
    Path file = folder.resolve("tall");
    ByteBuffer idx = ByteBuffer.allocate(16 + 12);
    idx.putInt(0x803).putInt(2).putInt(3).putInt(2);
    for (int i = 0; i < 12; i++) {
      idx.put((byte) (i + 250));
    }
    Files.write(file, idx.array());

    IngestResult result =
        ingest(options(new IdxSource(file.toString(), Optional.empty(), List.of()), GREY));

    assertThat(result.table().shape()).isEqualTo("3×2×1");
    assertThat(pixels(rows().get(1))).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void idxIsRefusedIfDamaged() throws IOException {
    Path file = folder.resolve("file");
    byte[] whole = unzipped(Files64.IMAGES);

    assertRefused(
        options(
            new IdxSource(folder.resolve("none").toString(), Optional.empty(), List.of()), GREY),
        DdpmException.Category.DATA,
        "none does not exist");
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    IngestOptions options =
        options(new IdxSource(file.toString(), Optional.empty(), List.of()), GREY);
    assertRefused(options, DdpmException.Category.DATA, "file is truncated");
    Files.write(file, Arrays.copyOf(whole, whole.length + 1));
    assertRefused(options, DdpmException.Category.DATA, "file goes on after its last image");
    Files.write(file, Arrays.copyOf(whole, 9));
    assertRefused(options, DdpmException.Category.DATA, "file is truncated");
    Files.write(file, Arrays.copyOf(whole, 16));
    assertRefused(options, DdpmException.Category.DATA, "file is truncated");
    Files.write(
        file,
        ByteBuffer.allocate(16).putInt(0x803).putInt(1).putInt(1 << 16).putInt(1 << 16).array());
    assertRefused(options, DdpmException.Category.DATA, "declares 1 images of 65536×65536 pixels");
    Files.write(file, unzipped(Files64.LABELS));
    assertRefused(
        options,
        DdpmException.Category.DATA,
        "is not an IDX file of images: it begins with the bytes 00000801 instead of 00000803");
  }

  @Test
  void idxLabelsMustMatch() throws IOException {
    Path labels = folder.resolve("labels");
    Files.write(labels, ByteBuffer.allocate(8 + 63).putInt(0x801).putInt(63).array());

    assertRefused(
        options(new IdxSource(Files64.IMAGES, Optional.of(labels.toString()), List.of()), GREY),
        DdpmException.Category.DATA,
        "labels has 63 labels, but",
        "has 64 images");
    assertRefused(
        options(new IdxSource(Files64.IMAGES, Optional.of(Files64.IMAGES), List.of()), GREY),
        DdpmException.Category.DATA,
        "is not an IDX file of labels");
  }

  /** Compressed by gzip, but stored: what is changed in it decompresses to something else. */
  private static byte[] gzipped(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var out =
        new GZIPOutputStream(bytes) {
          {
            def.setLevel(Deflater.NO_COMPRESSION);
          }
        }) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  @Test
  void whatGzipKnowsOfDamageIsLookedAt() throws IOException {
    Path images = folder.resolve("images.gz");
    Path labels = folder.resolve("labels.gz");
    byte[] goodImages = gzipped(unzipped(Files64.IMAGES));
    byte[] goodLabels = gzipped(unzipped(Files64.LABELS));
    IngestOptions options =
        options(new IdxSource(images.toString(), Optional.of(labels.toString()), List.of()), GREY);

    Files.write(images, goodImages);
    for (int at : new int[] {goodLabels.length - 20, goodLabels.length - 6}) {
      byte[] flipped = goodLabels.clone();
      flipped[at] ^= 1;
      Files.write(labels, flipped);
      assertRefused(options, DdpmException.Category.DATA, "labels.gz is damaged: ");
    }
    Files.write(labels, gzipped(concat(unzipped(Files64.LABELS), new byte[1])));
    assertRefused(options, DdpmException.Category.DATA, "labels.gz goes on after its last label");
    Files.write(labels, concat(goodLabels, new byte[] {1, 2, 3}));
    assertRefused(options, DdpmException.Category.DATA, "labels.gz is damaged: ");
    Files.write(labels, Arrays.copyOf(goodLabels, goodLabels.length - 1));
    assertRefused(options, DdpmException.Category.DATA, "labels.gz is truncated");

    Files.write(labels, goodLabels);
    byte[] flipped = goodImages.clone();
    flipped[1000] ^= 1;
    Files.write(images, flipped);
    assertRefused(options, DdpmException.Category.DATA, "images.gz is damaged: ");
    Files.write(images, concat(goodImages, new byte[] {1, 2, 3}));
    assertRefused(options, DdpmException.Category.DATA, "images.gz is damaged: ");
  }

  @Test
  void plainLabelsEndWithTheLastOne() throws IOException {
    Path labels = folder.resolve("labels");
    Files.write(labels, concat(unzipped(Files64.LABELS), new byte[1]));

    assertRefused(
        options(new IdxSource(Files64.IMAGES, Optional.of(labels.toString()), List.of()), GREY),
        DdpmException.Category.DATA,
        "labels goes on after its last label");
  }

  @Test
  void aChecksumOfHadoopThatIsAnotherIsDamageOfTheInput() throws IOException {
    Path input = Files.createDirectories(input());
    String written = input.resolve("images").toString();
    org.apache.hadoop.fs.Path hadoopPath = new org.apache.hadoop.fs.Path(written);
    try (var out =
        hadoopPath
            .getFileSystem(SPARK.session().sparkContext().hadoopConfiguration())
            .create(hadoopPath)) {
      out.write(unzipped(Files64.IMAGES));
    }
    byte[] flipped = Files.readAllBytes(Path.of(written));
    flipped[1000] ^= 1;
    Files.write(Path.of(written), flipped);

    assertRefused(
        options(new IdxSource(written, Optional.empty(), List.of()), GREY),
        DdpmException.Category.DATA,
        "images is damaged: Checksum error");
  }

  @Test
  void emptyIdxIsRefused() throws IOException {
    Path file = folder.resolve("empty");
    Files.write(
        file, ByteBuffer.allocate(16).putInt(0x803).putInt(0).putInt(28).putInt(28).array());

    assertRefused(
        options(new IdxSource(file.toString(), Optional.empty(), List.of()), GREY),
        DdpmException.Category.DATA,
        "There is no image in the input");
  }

  // CIFAR-10

  private static byte[] cifarRecord(int label, int red, int green, int blue) {
    byte[] record = new byte[3073];
    record[0] = (byte) label;
    Arrays.fill(record, 1, 1025, (byte) red);
    Arrays.fill(record, 1025, 2049, (byte) green);
    Arrays.fill(record, 2049, 3073, (byte) blue);
    record[1 + 33] = 99;
    return record;
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    Stream.of(parts).forEach(all::writeBytes);
    return all.toByteArray();
  }

  @Test
  void cifarPlanesBecomePixels() {
    Pictures.bytes(
        input().resolve("data_batch_2.bin"),
        concat(cifarRecord(3, 1, 2, 3), cifarRecord(9, 4, 5, 6)));
    Pictures.bytes(input().resolve("data_batch_1.bin"), cifarRecord(0, 7, 8, 9));
    Pictures.bytes(input().resolve("test_batch.bin"), cifarRecord(5, 0, 0, 0));
    Pictures.bytes(
        input().resolve("batches.meta.txt"),
        "airplane\nautomobile\n\n".getBytes(StandardCharsets.UTF_8));

    IngestResult result = ingest(options(new CifarSource(List.of(input().toString())), RGB));

    assertThat(result.table().shape()).isEqualTo("32×32×3");
    assertThat(result.table().labelNames()).containsExactly("airplane", "automobile");
    List<Row> rows = rows();
    assertThat(rows.stream().map(row -> row.<String>getAs("source")))
        .containsExactly("data_batch_1.bin#0", "data_batch_2.bin#0", "data_batch_2.bin#1");
    assertThat(rows.stream().map(row -> row.<Integer>getAs("label"))).containsExactly(0, 3, 9);
    byte[] last = pixels(rows.get(2));
    assertThat(Arrays.copyOf(last, 3)).containsExactly(4, 5, 6);
    assertThat(Arrays.copyOfRange(last, 33 * 3, 34 * 3)).containsExactly(99, 5, 6);
  }

  @Test
  void cifarIsRefusedIfDamaged() {
    CifarSource source = new CifarSource(List.of(input().resolve("x.bin").toString()));

    Pictures.bytes(input().resolve("x.bin"), new byte[3072]);
    assertRefused(
        options(source, RGB),
        DdpmException.Category.DATA,
        "its length of 3072 bytes is not a multiple of 3073");
    Pictures.bytes(input().resolve("x.bin"), cifarRecord(10, 0, 0, 0));
    assertRefused(options(source, RGB), DdpmException.Category.DATA, "image 0 has the label 10");
    assertRefused(
        options(new CifarSource(List.of(input().toString())), RGB),
        DdpmException.Category.DATA,
        "holds no data_batch_*.bin");
    Pictures.bytes(folder.resolve("other/x.bin"), cifarRecord(1, 0, 0, 0));
    Pictures.bytes(input().resolve("x.bin"), cifarRecord(1, 0, 0, 0));
    assertRefused(
        options(
            new CifarSource(
                List.of(
                    input().resolve("x.bin").toString(), folder.resolve("other/x.bin").toString())),
            RGB),
        DdpmException.Category.USER,
        "Two input files are called x.bin");
  }

  // Folders

  @Test
  void foldersOfEveryFormatAreRead() {
    Pictures.colour(input().resolve("b/1.bmp"), "bmp", 6, 8, 0x102030);
    Pictures.colour(input().resolve("a/deep/er/2.JPG"), "jpeg", 6, 8, 0xffffff);
    Pictures.colour(input().resolve("a/3.gif"), "gif", 6, 8, 0x000000);
    Pictures.png(input().resolve("c d/Ü ä.png"), Pictures.even(6, 8, 1, 77));
    Pictures.bytes(input().resolve("a/notes.txt"), new byte[] {1});

    IngestResult result = ingest(options(pictures(true), RGB));

    assertThat(result.table().labelNames()).containsExactly("a", "b", "c d");
    assertThat(result.table().shape()).isEqualTo("6×8×3");
    List<Row> rows = rows();
    assertThat(rows.stream().map(row -> row.<String>getAs("source")))
        .containsExactly("a/3.gif", "a/deep/er/2.JPG", "b/1.bmp", "c d/Ü ä.png");
    assertThat(rows.stream().map(row -> row.<Integer>getAs("label"))).containsExactly(0, 0, 1, 2);
    assertThat(pixels(rows.get(0))).containsOnly(0);
    assertThat(pixels(rows.get(1))).containsOnly(255);
    assertThat(Arrays.copyOf(pixels(rows.get(2)), 3)).containsExactly(0x10, 0x20, 0x30);
    assertThat(pixels(rows.get(3))).containsOnly(77);
  }

  @Test
  void namesThatPeopleAndCamerasGiveAreRead() {
    List<String> names =
        List.of(
            "100%.png",
            "12:30:05.png",
            "IMG 1.JpEg",
            "_DSC0001.JPG",
            "_misc/a#b?.jfif",
            "_misc/it's.jpe",
            "Ünïcödé/日本.png");
    for (String name : names) {
      Pictures.png(input().resolve(name), Pictures.even(2, 2, 1, 5));
    }

    IngestResult result = ingest(options(pictures(false), GREY));

    assertThat(rows().stream().map(row -> row.<String>getAs("source")))
        .containsExactlyElementsOf(names);
    assertThat(result.account()).isEqualTo(new Account(7, 7, List.of()));
  }

  @Test
  void everyFileIsUsedOrCountedWithItsReason() throws IOException {
    Pictures.png(input().resolve("a/good.png"), Pictures.even(2, 2, 1, 5));
    Pictures.bytes(input().resolve("a/._good.png"), new byte[9]);
    Pictures.bytes(input().resolve("__MACOSX/a/good.png"), new byte[9]);
    Pictures.bytes(input().resolve(".cache/x.png"), new byte[9]);
    Pictures.bytes(input().resolve(".DS_Store"), new byte[9]);
    Pictures.bytes(input().resolve("a/1.txt"), new byte[9]);
    Pictures.bytes(input().resolve("a/2.txt"), new byte[9]);
    Pictures.bytes(input().resolve("a/3"), new byte[9]);
    Pictures.bytes(input().resolve("b:c/4.xml"), new byte[9]);
    Pictures.bytes(input().resolve("empty.gif"), new byte[0]);
    Pictures.bytes(input().resolve("text.jpeg"), new byte[9]);
    byte[] cut = ImageCodec.encodePng(Pictures.even(2, 2, 1, 5));
    Pictures.bytes(input().resolve("cut.png"), Arrays.copyOf(cut, 30));
    Files.createSymbolicLink(input().resolve("gone.png"), Path.of("nowhere.png"));
    Files.createSymbolicLink(input().resolve("a/round"), input());
    Files.createSymbolicLink(input().resolve("again.png"), Path.of("a/good.png"));

    Account account = ingest(skipping("4")).account();

    assertThat(account.found()).isEqualTo(15);
    assertThat(account.used()).isEqualTo(2);
    assertThat(account.leftOut().stream().map(LeftOut::toString))
        .containsExactlyInAnyOrder(
            "2 left out because it is macOS's note on a file (._… or __MACOSX):"
                + " __MACOSX/a/good.png, a/._good.png",
            "2 left out because it is hidden (its name, or that of a folder, begins with a dot):"
                + " .DS_Store, .cache/x.png",
            "4 left out because it has a name that is not a picture's: a/1.txt, a/2.txt, a/3, …",
            "1 left out because it is a link to a folder that it lies in: a/round",
            "1 left out because it is a damaged PNG file: cut.png",
            "1 left out because it is a link to a file that does not exist: gone.png",
            "1 left out because it is empty: empty.gif",
            "1 left out because it is not a PNG, JPEG, GIF, BMP, WebP or TIFF file: text.jpeg");
  }

  @Test
  void aGlobReplacesTheUsualNames() {
    Pictures.png(input().resolve("1.image"), Pictures.even(2, 2, 1, 5));
    Pictures.png(input().resolve("a:2.image"), Pictures.even(2, 2, 1, 6));
    Pictures.png(input().resolve("3.png"), Pictures.even(2, 2, 1, 7));
    FolderSource source = new FolderSource(input().toString(), Optional.of("*.{image,img}"), false);

    assertRefused(
        options(new FolderSource(input().toString(), Optional.of("{a"), false), GREY),
        DdpmException.Category.USER,
        "--glob = {a: is no pattern of file names");

    Account account = ingest(options(source, GREY)).account();

    assertThat(account)
        .isEqualTo(
            new Account(
                3,
                2,
                List.of(
                    new LeftOut("has a name that does not match --glob", 1, List.of("3.png")))));
  }

  @Test
  void pathsAreNoGlobs() {
    Path odd = folder.resolve("a{b}[c]");
    Pictures.png(odd.resolve("in/[1]*.png"), Pictures.even(2, 2, 1, 5));
    String table = odd.resolve("table").toString();

    ingest(
        new IngestOptions(
            new FolderSource(odd.resolve("in").toString(), Optional.empty(), false),
            table,
            GREY,
            Optional.empty(),
            Orientation.APPLY,
            BadImagePolicy.FAIL,
            OptionalLong.empty()));

    List<ImageRow> rows = ImageTableReader.open(SPARK.session(), table).rows().collect();
    assertThat(rows)
        .hasSize(1)
        .first()
        .extracting(ImageRow::pixels)
        .isEqualTo(new byte[] {5, 5, 5, 5});
  }

  @Test
  void aColonInTheNameOfTheInputIsNoScheme() throws IOException {
    // In the working folder: elsewhere a slash stands before the colon.
    Path odd = Path.of("my:pics-" + ProcessHandle.current().pid());
    Path picture = odd.resolve("in:1/a:b.png");
    Pictures.png(picture, Pictures.even(2, 2, 1, 5));
    try {
      ingest(options(new FolderSource(odd.toString(), Optional.empty(), true), GREY));
    } finally {
      Files.delete(picture);
      Files.delete(picture.getParent());
      Files.delete(odd);
    }

    assertThat(rows().get(0).<String>getAs("source")).isEqualTo("in:1/a:b.png");
  }

  @Test
  void imagesAreResizedAfterTheirChannelsAreMade() {
    Pictures.png(input().resolve("1.png"), Pictures.even(20, 10, 4, 0));
    Pictures.png(input().resolve("2.png"), Pictures.even(10, 40, 3, 100));

    IngestResult result =
        ingest(
            new IngestOptions(
                pictures(false),
                output().toString(),
                new ChannelPolicy(Channels.GREY, new Rgb(50, 50, 50)),
                Optional.of(new ResizePolicy(6, 4, ResizePolicy.Mode.CENTER_CROP, Rgb.WHITE)),
                Orientation.APPLY,
                BadImagePolicy.FAIL,
                OptionalLong.empty()));

    assertThat(result.table().shape()).isEqualTo("6×4×1");
    assertThat(pixels(rows().get(0))).hasSize(24).containsOnly(50);
    assertThat(pixels(rows().get(1))).hasSize(24).containsOnly(100);
  }

  @Test
  void transparencyIsKeptOnlyIfAskedFor() {
    Pictures.png(input().resolve("1.png"), Pictures.even(2, 2, 4, 7));

    ingest(options(pictures(false), new ChannelPolicy(Channels.RGBA, Rgb.WHITE)));

    assertThat(rows().get(0).<Integer>getAs("channels")).isEqualTo(4);
    assertThat(pixels(rows().get(0))).containsOnly(7);
  }

  @ParameterizedTest
  @CsvSource({
    "APPLY, 24×16×3, upright (orientation applied)",
    "IGNORE, 16×24×3, as stored (orientation ignored)"
  })
  void picturesAreTurnedUprightUnlessThatIsToBeIgnored(
      Orientation orientation, String shape, String described) throws IOException {
    Pictures.bytes(
        input().resolve("1.jpg"),
        Files.readAllBytes(Path.of("../model/src/test/resources/pictures/exif6.jpg")));

    IngestResult result =
        ingest(
            new IngestOptions(
                pictures(false),
                output().toString(),
                RGB,
                Optional.empty(),
                orientation,
                BadImagePolicy.FAIL,
                OptionalLong.empty()));

    assertThat(result.table().shape()).isEqualTo(shape);
    assertThat(result.table().preparation()).isEqualTo(described + ", RGB on #ffffff");
  }

  @Test
  void differentSizesAreRefusedWithoutResize() {
    Pictures.png(input().resolve("1.png"), Pictures.even(4, 6, 1, 0));
    Pictures.png(input().resolve("2.png"), Pictures.even(6, 4, 1, 0));

    assertRefused(
        options(pictures(false), GREY),
        DdpmException.Category.DATA,
        "Images differ in size: 1.png is 4×6, 2.png is 6×4");
  }

  @Test
  void idsDoNotDependOnPartitions() {
    for (int i = 0; i < 40; i++) {
      Pictures.png(input().resolve(i * 7 % 5 + "/" + i + ".png"), Pictures.even(4, 4, 1, i));
    }
    List<String> sources = ingestAt("one", "134217728");
    List<String> again = ingestAt("many", "1");

    assertThat(again).isEqualTo(sources).isSorted().hasSize(40);
  }

  private List<String> ingestAt(String name, String partitionBytes) {
    String key = "spark.sql.files.maxPartitionBytes";
    SPARK.session().conf().set(key, partitionBytes);
    String table = folder.resolve(name).toString();
    try {
      ingest(
          new IngestOptions(
              pictures(false),
              table,
              GREY,
              Optional.empty(),
              Orientation.APPLY,
              BadImagePolicy.FAIL,
              OptionalLong.empty()));
    } finally {
      SPARK.session().conf().unset(key);
    }
    return SPARK
        .session()
        .read()
        .parquet(table)
        .orderBy("id")
        .select("source")
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  // Bad images

  @Test
  void aPngWithAWrongChecksumIsABadImage() {
    byte[] png = ImageCodec.encodePng(Pictures.even(4, 4, 1, 1));
    png[png.length - 14] ^= 1;
    Pictures.png(input().resolve("1.png"), Pictures.even(4, 4, 1, 1));
    Pictures.bytes(input().resolve("2.png"), png);

    IngestResult result = ingest(skipping("1"));

    assertThat(result.reasons())
        .singleElement()
        .asString()
        .startsWith("2.png is a damaged PNG file: the checksum of its chunk IDAT");
  }

  private void oneBadOfThree() {
    Pictures.png(input().resolve("1.png"), Pictures.even(4, 4, 1, 1));
    Pictures.bytes(input().resolve("2.png"), "not a picture".getBytes(StandardCharsets.UTF_8));
    Pictures.png(input().resolve("3.png"), Pictures.even(4, 4, 1, 3));
  }

  @Test
  void aTextFileNamedPngFails() {
    oneBadOfThree();

    assertRefused(
        options(pictures(false), GREY),
        DdpmException.Category.DATA,
        "1 of 3 images are bad, and 0 may be; the first: 2.png is not a PNG, JPEG, GIF, BMP, WebP"
            + " or TIFF file");
  }

  @Test
  void badImagesAreSkippedCountedAndListed() {
    oneBadOfThree();

    IngestResult result = ingest(skipping("50%"));

    assertThat(result.skipped()).isEqualTo(1);
    assertThat(result.reasons()).hasSize(1).first().asString().startsWith("2.png is not a PNG");
    assertThat(result.table().skipped()).isEqualTo(1);
    assertThat(rows().stream().map(row -> row.<Long>getAs("id"))).containsExactly(0L, 1L);
    assertThat(rows().stream().map(row -> row.<String>getAs("source")))
        .containsExactly("1.png", "3.png");
  }

  @Test
  void moreBadImagesThanAllowedFail() {
    oneBadOfThree();

    assertRefused(
        skipping("33%"), DdpmException.Category.DATA, "1 of 3 images are bad, and 0 may be");
    Pictures.bytes(input().resolve("0.png"), new byte[0]);
    assertRefused(
        skipping("1"),
        DdpmException.Category.DATA,
        "2 of 4 images are bad, and 1 may be; the first: 0.png is empty");
  }

  @Test
  void onlyBadImagesFail() {
    Pictures.bytes(input().resolve("1.png"), new byte[] {1, 2});

    assertRefused(
        skipping("100%"), DdpmException.Category.DATA, "All 1 images are bad; the first: 1.png is");
  }

  @Test
  void anImageWithoutAFolderHasNoLabel() {
    Pictures.png(input().resolve("a/1.png"), Pictures.even(4, 4, 1, 1));
    Pictures.png(input().resolve("2.png"), Pictures.even(4, 4, 1, 1));

    assertRefused(
        options(pictures(true), GREY),
        DdpmException.Category.DATA,
        "2.png lies in no folder below the root that could be its label");
  }

  // Input and output

  @Test
  void theFirstImagesCanBeTakenAlone() {
    ingest(
        new IngestOptions(
            new IdxSource(Files64.IMAGES, Optional.of(Files64.LABELS), List.of()),
            output().toString(),
            GREY,
            Optional.empty(),
            Orientation.APPLY,
            BadImagePolicy.FAIL,
            OptionalLong.of(10)));

    assertThat(rows()).hasSize(10);
    assertThat(rows().get(9).<String>getAs("source")).isEqualTo("images-idx3-ubyte.gz#9");
    assertThat(ImageTableReader.open(SPARK.session(), output().toString()).images()).isEqualTo(10);
  }

  @Test
  void anOutputThatIsNotEmptyIsRefused() {
    Pictures.png(input().resolve("1.png"), Pictures.even(4, 4, 1, 1));
    Pictures.bytes(output().resolve("precious"), new byte[] {42});

    assertRefused(
        options(pictures(false), GREY), DdpmException.Category.USER, "table: is not empty");
    assertThat(output().resolve("precious")).hasBinaryContent(new byte[] {42});
  }

  @Test
  void anOutputThatCannotBeWrittenIsRefusedBeforeAnythingIsDecoded() {
    // No picture is there to be decoded: the input would be refused.
    Pictures.bytes(input().resolve("file"), new byte[1]);

    assertThatThrownBy(() -> ingest(to(input().resolve("file/table").toString())))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContaining("file/table: cannot be a folder: ");
    assertThat(input().resolve("file")).isRegularFile();
    assertThatThrownBy(() -> ingest(to(output().resolve("deep/deeper").toString())))
        .hasMessageContaining("There is no image in the input");
    assertThat(output()).doesNotExist();
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "needs /proc, where the kernel makes the files")
  void anOutputThatNobodyMayWriteIsRefusedBeforeAnythingIsDecoded() {
    Pictures.bytes(input().resolve("file"), new byte[1]);

    assertThatThrownBy(() -> ingest(to("/proc/table")))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessage(
            "--output = /proc/table: nothing can be written in file:/proc: this user may not, or"
                + " its file system is read-only or full.");
  }

  private IngestOptions to(String output) {
    return new IngestOptions(
        pictures(false),
        output,
        GREY,
        Optional.empty(),
        Orientation.APPLY,
        BadImagePolicy.FAIL,
        OptionalLong.empty());
  }

  @Test
  void anEmptyOutputFolderIsUsed() throws IOException {
    Files.createDirectories(output());
    Pictures.png(input().resolve("1.png"), Pictures.even(4, 4, 1, 1));

    ingest(options(pictures(false), GREY));

    assertThat(rows()).hasSize(1);
    assertThat(output().resolve("_SUCCESS")).exists();
  }

  @Test
  void inputsWithoutImagesAreRefused() throws IOException {
    assertRefused(
        options(pictures(false), GREY), DdpmException.Category.DATA, "input does not exist");
    Files.createDirectories(input());
    assertRefused(
        options(pictures(false), GREY),
        DdpmException.Category.DATA,
        "There is no image in the input: folder");
    Pictures.bytes(input().resolve("a.txt"), new byte[1]);
    assertRefused(
        options(pictures(false), GREY),
        DdpmException.Category.DATA,
        "There is no image in the input: folder",
        "; 1 left out because it has a name that is not a picture's: a.txt.");
    assertRefused(
        options(
            new FolderSource(input().resolve("a.txt").toString(), Optional.empty(), false), GREY),
        DdpmException.Category.DATA,
        "a.txt is a file: a folder of images is needed");
  }

  @Test
  void theSameInputGivesTheSameDescription() throws IOException {
    ingest(options(new IdxSource(Files64.IMAGES, Optional.empty(), List.of()), GREY));

    assertThat(output().resolve(TableDescription.FILE_NAME))
        .content(StandardCharsets.UTF_8)
        .contains("\"count\" : 64", "\"channels\" : 1", "\"preparation\" : \"GREY on #ffffff\"");
  }

  @Test
  void imagesAreCountedOnceWhileTheyAreDecoded() {
    var counted = new AtomicLong();
    var listener =
        new SparkListener() {
          @Override
          public void onTaskEnd(SparkListenerTaskEnd end) {
            JavaConverters.seqAsJavaList(end.taskInfo().accumulables()).stream()
                .filter(info -> info.name().contains("decoding: image steps"))
                .forEach(info -> counted.addAndGet((Long) info.update().get()));
          }
        };
    SPARK.session().sparkContext().addSparkListener(listener);

    ingest(options(new IdxSource(Files64.IMAGES, Optional.empty(), List.of()), GREY));

    await().untilAsserted(() -> assertThat(counted).hasValue(64));
    SPARK.session().sparkContext().removeSparkListener(listener);
  }

  @Test
  void filesAreAboutAsLargeAsTheyAreMeantToBe() throws IOException {
    int count = 40;
    byte[] noise = new byte[count * 256 * 256];
    new Random(1).nextBytes(noise);
    Files.createDirectories(input());
    try (var file = new DataOutputStream(Files.newOutputStream(input().resolve("noise")))) {
      for (int number : new int[] {0x0803, count, 256, 256}) {
        file.writeInt(number);
      }
      file.write(noise);
    }
    var out = new StringWriter();
    var source = new IdxSource(input().resolve("noise").toString(), Optional.empty(), List.of());

    new IngestJob(SPARK.session(), options(source, GREY), new PrintWriter(out), 1 << 20).run();

    assertThat(out.toString()).endsWith("writing 40 images to 3 files" + System.lineSeparator());
    try (Stream<Path> files = Files.list(output())) {
      assertThat(files.filter(file -> file.toString().endsWith(".parquet")))
          .hasSize(3)
          .allSatisfy(file -> assertThat(Files.size(file)).isBetween(1L << 19, 5L << 18));
    }
  }
}
