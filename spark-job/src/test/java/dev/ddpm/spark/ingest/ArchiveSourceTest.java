package dev.ddpm.spark.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.Channels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.RawImage;
import dev.ddpm.image.Rgb;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.BadImagePolicy;
import dev.ddpm.spark.dataset.Pictures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives by the usual programs; make.py beside them made them. */
class ArchiveSourceTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final Path ARCHIVES = Path.of("src/test/resources/archives").toAbsolutePath();
  private static final String LONG = "a long name ".repeat(12);

  @TempDir Path folder;

  private Path output() {
    return folder.resolve("table");
  }

  private static ArchiveSource archive(Path path) {
    return new ArchiveSource(List.of(path.toString()), Optional.empty(), false);
  }

  private static ArchiveSource byFolder(Path path) {
    return new ArchiveSource(List.of(path.toString()), Optional.empty(), true);
  }

  private IngestResult ingest(ImageSource source, BadImagePolicy policy) {
    return ingest(source, policy, output());
  }

  private static IngestResult ingest(ImageSource source, BadImagePolicy policy, Path output) {
    return new IngestJob(
            SPARK.session(),
            new IngestOptions(
                source,
                output.toString(),
                new ChannelPolicy(Channels.GREY, Rgb.WHITE),
                Optional.empty(),
                Orientation.APPLY,
                policy,
                OptionalLong.empty()),
            new PrintWriter(Writer.nullWriter()))
        .run();
  }

  private IngestResult ingest(ImageSource source) {
    return ingest(source, BadImagePolicy.FAIL);
  }

  private IngestResult skipping(ImageSource source) {
    return ingest(source, new BadImagePolicy("99%"));
  }

  /** One line per row: what it is called, its class, and the value of all its pixels. */
  private List<String> rows() {
    return SPARK
        .session()
        .read()
        .parquet(output().toString())
        .orderBy("id")
        .collectAsList()
        .stream()
        .map(ArchiveSourceTest::line)
        .toList();
  }

  private static String line(Row row) {
    byte[] pixels = ImageCodec.decode(row.getAs("image"), "row").pixels();
    assertThat(pixels).hasSize(6).containsOnly(pixels[0]);
    return row.getAs("source") + " " + row.getAs("label") + " " + pixels[0];
  }

  private static List<String> leftOut(IngestResult result) {
    return result.account().leftOut().stream().map(LeftOut::toString).toList();
  }

  private void assertRefused(ImageSource source, String... message) {
    assertThatThrownBy(() -> ingest(source, BadImagePolicy.FAIL, folder.resolve("refused")))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContainingAll(message);
  }

  // Shards of WebDataset

  @Test
  void shardsGiveClassesByNumberAndIdsInTheirOrder() {
    IngestResult result = ingest(archive(ARCHIVES.resolve("shards")));

    assertThat(rows())
        .containsExactly(
            "train-000000.tar/0000.png 3 0",
            "train-000000.tar/0001.png 0 1",
            "train-000000.tar/0002.png 12 2",
            "train-000001.tar.gz/0003.png 1 3",
            "train-000001.tar.gz/0004.png 3 4",
            "train-000002.tar/0005.png 0 5");
    assertThat(result.table().labelNames()).isEmpty();
    assertThat(result.account().found()).isEqualTo(18);
    assertThat(leftOut(result))
        .containsExactly(
            "6 left out because it has a name that is not a picture's:"
                + " train-000000.tar/0000.txt, train-000000.tar/0001.txt,"
                + " train-000000.tar/0002.txt, …",
            "6 left out because it tells the class of a picture:"
                + " train-000000.tar/0000.cls, train-000000.tar/0001.cls,"
                + " train-000000.tar/0002.cls, …");
    assertThat(result.remarks()).containsExactly("3 archives");
  }

  @Test
  void aPatternNamesSomeShards() {
    ingest(archive(ARCHIVES.resolve("shards/train-00000[12]*")));

    assertThat(rows())
        .containsExactly(
            "train-000001.tar.gz/0003.png 1 3",
            "train-000001.tar.gz/0004.png 3 4",
            "train-000002.tar/0005.png 0 5");
  }

  @Test
  void inputsThatAreNotThereOrTwiceAreRefused() {
    assertRefused(archive(folder.resolve("none*.tar")), "none*.tar does not exist, and matches");
    Path shard = ARCHIVES.resolve("shards/train-000000.tar");
    assertThatThrownBy(
            () ->
                ingest(
                    new ArchiveSource(
                        List.of(shard.toString(), shard.getParent().toString()),
                        Optional.empty(),
                        false)))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("train-000000.tar is named twice");
    assertThatThrownBy(() -> ingest(archive(folder.resolve("a{b.tar"))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("a{b.tar does not exist, and is no pattern either");
  }

  @Test
  void notesAnywhereInTheArchiveTellClassesByName() {
    IngestResult result = ingest(archive(ARCHIVES.resolve("json.tar")));

    assertThat(result.table().labelNames()).containsExactly("auk", "jay");
    assertThat(rows())
        .containsExactly(
            "json.tar/a/1.png 0 1",
            "json.tar/a/2.left.png 1 2",
            "json.tar/a/2.right.png 1 3",
            "json.tar/a/3.png null 4");
    assertThat(result.account().found()).isEqualTo(11);
    assertThat(leftOut(result))
        .containsExactly(
            "2 left out because it is no JSON document that tells a label:"
                + " json.tar/a/4.json, json.tar/a/5.json",
            "1 left out because it should tell a class and is no line of text: json.tar/a/7.cls",
            "3 left out because it tells the class of a picture:"
                + " json.tar/a/1.cls, json.tar/a/1.json, json.tar/a/2.json",
            "1 left out because it tells the class of no picture: json.tar/a/6.cls");
  }

  // Archives of folders

  @ParameterizedTest
  @ValueSource(strings = {"gnu.tar", "pax.tgz"})
  void everyEntryOfATarIsUsedOrNamed(String name) {
    IngestResult result = skipping(byFolder(ARCHIVES.resolve(name)));

    assertThat(result.table().labelNames()).containsExactly("cat", "dog");
    assertThat(rows())
        .containsExactly(
            name + "/cat/1.png 0 1",
            name + "/cat/" + LONG + "2.png 0 2",
            name + "/dog/Zoë 3.PNG 1 3",
            name + "/dog/sparse.png 1 5");
    assertThat(result.account().found()).isEqualTo(12);
    assertThat(leftOut(result))
        .containsExactly(
            "1 left out because it has a name that is not a picture's: " + name + "/notes.txt",
            "1 left out because it is a device, a pipe or a socket: " + name + "/pipe.png",
            "2 left out because it is a link in an archive: "
                + name
                + "/cat/symbolic.png, "
                + name
                + "/cat/z hard.png",
            "1 left out because it is an archive in an archive: " + name + "/more.zip",
            "1 left out because it is hidden (its name, or that of a folder, begins with a dot): "
                + name
                + "/dog/.hidden/4.png",
            "2 left out because it is macOS's note on a file (._… or __MACOSX): "
                + name
                + "/__MACOSX/dog/3.png, "
                + name
                + "/dog/._Zoë 3.PNG");
  }

  @Test
  void anArchiveByBsdTarIsRead() {
    IngestResult result = ingest(byFolder(ARCHIVES.resolve("bsd.tar.gz")));

    assertThat(rows())
        .containsExactlyInAnyOrder(
            "bsd.tar.gz/cat/z hard.png 0 1",
            "bsd.tar.gz/cat/" + LONG + "2.png 0 2",
            "bsd.tar.gz/dog/Zoë 3.PNG 1 3",
            "bsd.tar.gz/dog/sparse.png 1 5");
    assertThat(result.account().found()).isEqualTo(8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"info.zip", "streamed.zip"})
  void aZipIsReadByItsDirectory(String name) {
    IngestResult result = ingest(byFolder(ARCHIVES.resolve(name)));

    assertThat(result.table().labelNames()).containsExactly("iris", "rose");
    assertThat(rows())
        .containsExactlyInAnyOrder(
            name + "/flowers/iris/3.png 0 3",
            name + "/flowers/rose/1.png 1 1",
            name + "/flowers/rose/2.png 1 2");
    assertThat(leftOut(result))
        .containsExactly(
            "1 left out because it has a name that is not a picture's: " + name + "/flowers/a.txt");
  }

  @Test
  void aPictureInNoFolderHasNoLabel() {
    assertRefused(
        byFolder(ARCHIVES.resolve("python.zip")),
        "1.png lies in no folder that could be its label");
  }

  // Damage

  @Test
  void whatCannotBeUncompressedOrDecryptedIsABadImage() {
    IngestResult result = skipping(archive(ARCHIVES.resolve("python.zip")));

    assertThat(rows())
        .containsExactly(
            "python.zip/1.png null 1", "python.zip/2.png null 2", "python.zip/3.png null 3");
    assertThat(result.reasons())
        .containsExactly("python.zip/4.png is compressed by method 14, which cannot be read.");
    assertRefused(
        archive(ARCHIVES.resolve("encrypted.zip")),
        "1 of 2 images are bad, and 0 may be; the first: encrypted.zip/flowers/rose/2.png is"
            + " encrypted.");
  }

  @Test
  void anEntryThatSwellsIsRefused() {
    assertRefused(
        archive(ARCHIVES.resolve("bomb.zip")),
        "bomb.zip/2.png is too large: it has 1073741832 bytes, and pictures of up to 536870912"
            + " are read.");
  }

  private Path cut(String name, int length) throws IOException {
    Path cut = folder.resolve(name);
    byte[] whole = Files.readAllBytes(ARCHIVES.resolve("shards").resolve(name));
    Files.write(cut, Arrays.copyOf(whole, length));
    return cut;
  }

  @Test
  void aTruncatedTarIsNamedWithWhatWasRead() throws IOException {
    String name = "train-000000.tar";
    // A file takes a block for its header and one for its content.
    assertRefused(
        archive(cut(name, 3 * 512 + 10)),
        "1 of 1 images are bad, and 0 may be; the first: " + name + " is truncated:",
        "could be read up to entry 1, 0000.cls");

    IngestResult result = skipping(archive(cut(name, 4 * 512)));
    assertThat(rows()).containsExactly(name + "/0000.png 3 0");
    assertThat(result.reasons())
        .containsExactly(name + " is truncated: it could be read up to entry 2, 0000.png.");
    assertThat(leftOut(result)).contains("1 left out because it is truncated: " + name);
  }

  @Test
  void aTarMustEndAsOneDoes() throws IOException {
    String name = "train-000000.tar";
    byte[] whole = Files.readAllBytes(ARCHIVES.resolve("shards").resolve(name));
    Path joined = folder.resolve("joined.tar");
    Files.write(joined, whole);
    Files.write(joined, whole, StandardOpenOption.APPEND);

    assertRefused(archive(cut(name, 18 * 512)), "is truncated: it could be read up to entry 9");
    assertRefused(
        archive(joined),
        "joined.tar is damaged: it goes on after its end, as archives joined to one file do; it"
            + " could be read up to entry 9, 0002.txt.");
  }

  /** One bit of a name, of the kind of an entry and of the checksum itself. */
  @ParameterizedTest
  @ValueSource(ints = {3, 156, 150})
  void aHeaderWhoseChecksumIsWrongIsDamaged(int place) throws IOException {
    byte[] whole = Files.readAllBytes(ARCHIVES.resolve("shards/train-000000.tar"));
    // The second entry's header follows the first one's and a block of content.
    whole[2 * 512 + place] ^= 1;
    Path flipped = Files.write(folder.resolve("flipped.tar"), whole);

    assertRefused(
        archive(flipped),
        "flipped.tar is damaged: one of its headers makes no sense; it could be read up to entry"
            + " 1, 0000.cls.");
  }

  @Test
  void aClassThatIsNotUtf8IsNone() throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put("1.png", picture(1));
    files.put("1.cls", new byte[] {(byte) 0xff, (byte) 0xfe});

    IngestResult result = ingest(archive(zip("notes.zip", files)));

    assertThat(rows()).containsExactly("notes.zip/1.png null 1");
    assertThat(leftOut(result))
        .containsExactly(
            "1 left out because it should tell a class and is no line of text: notes.zip/1.cls");
  }

  @Test
  void damageThatGzipShowsIsNamed() throws IOException {
    String name = "train-000001.tar.gz";
    byte[] whole = Files.readAllBytes(ARCHIVES.resolve("shards").resolve(name));
    assertRefused(archive(cut(name, whole.length - 3)), name + " is truncated: ");
    whole[whole.length - 6] ^= 1;
    Path flipped = folder.resolve("flipped.tgz");
    Files.write(flipped, whole);
    assertRefused(
        archive(flipped),
        "flipped.tgz is damaged: Gzip-compressed data is corrupt (CRC32 error); ");
  }

  @Test
  void aDamagedPictureOfAZipDoesNotTakeTheOthersAlong() throws IOException {
    byte[] bytes = Files.readAllBytes(ARCHIVES.resolve("python.zip"));
    // The first is stored: a header of 30 bytes, the name of 5, the picture of 70.
    bytes[30 + 5 + 40] ^= 1;
    Path damaged = folder.resolve("damaged.zip");
    Files.write(damaged, bytes);

    IngestResult result = skipping(archive(damaged));

    assertThat(rows()).containsExactly("damaged.zip/2.png null 2", "damaged.zip/3.png null 3");
    assertThat(result.reasons()).contains("damaged.zip/1.png is damaged: its checksum is wrong.");

    Files.write(damaged, Arrays.copyOf(bytes, bytes.length - 30));
    assertRefused(
        archive(damaged),
        "damaged.zip is damaged: its directory, which is at its end, is missing or makes no sense;"
            + " nothing in it could be read.");
  }

  @Test
  void filesThatAreNoArchivesAreNamedForWhatTheyAre() throws IOException {
    Pictures.bytes(
        folder.resolve("in/1.rar"),
        "Rar!\u001a\u0007\0 and so on".getBytes(StandardCharsets.US_ASCII));
    Pictures.bytes(folder.resolve("in/2.tar"), new byte[0]);
    Pictures.bytes(folder.resolve("in/3.tar"), "no archive".getBytes(StandardCharsets.US_ASCII));
    Pictures.bytes(folder.resolve("in/notes.txt"), new byte[1]);
    Files.copy(ARCHIVES.resolve("shards/train-000002.tar"), folder.resolve("in/4.tar"));

    IngestResult result = skipping(archive(folder.resolve("in")));

    assertThat(result.reasons())
        .containsExactly(
            "1.rar is a RAR archive, which cannot be read: a tar, tar.gz or zip archive is needed.",
            "2.tar is empty: a tar, tar.gz or zip archive is needed.",
            "3.tar is no archive: a tar, tar.gz or zip archive is needed.");
    assertThat(leftOut(result))
        .contains("1 left out because it has a name that is not an archive's: notes.txt");
    assertThat(result.account().used()).isEqualTo(1);
  }

  @Test
  void aNameThatOccursTwiceCountsAsItWouldOnADisk() throws IOException {
    byte[] first = Files.readAllBytes(ARCHIVES.resolve("shards/train-000000.tar"));
    ByteArrayOutputStream twice = new ByteArrayOutputStream();
    // Nine entries of two blocks each, then the end.
    twice.write(first, 0, 18 * 512);
    twice.write(first, 0, first.length);
    Path path = folder.resolve("twice.tar");
    Files.write(path, twice.toByteArray());

    IngestResult result = ingest(archive(path));

    assertThat(rows())
        .containsExactly(
            "twice.tar/0000.png 3 0", "twice.tar/0001.png 0 1", "twice.tar/0002.png 12 2");
    assertThat(leftOut(result))
        .contains(
            "6 left out because it is replaced by a later entry of the same name:"
                + " twice.tar/0000.cls, twice.tar/0000.png, twice.tar/0001.cls, …");
    assertThat(result.account().found()).isEqualTo(18);
  }

  @Test
  void gzipIsKnownByContentAndTarByItsChecksum() throws IOException {
    byte[] tar = Files.readAllBytes(ARCHIVES.resolve("shards/train-000000.tar"));
    // Without the word ustar: as tar was before 1988.
    for (int header = 0; header < 18 * 512; header += 1024) {
      int sum = 0;
      Arrays.fill(tar, header + 257, header + 265, (byte) 0);
      Arrays.fill(tar, header + 148, header + 156, (byte) ' ');
      for (int i = 0; i < 512; i++) {
        sum += tar[header + i] & 0xff;
      }
      byte[] octal = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(octal, 0, tar, header + 148, octal.length);
    }
    Path path = folder.resolve("old.zip");
    try (var out = new GZIPOutputStream(Files.newOutputStream(path))) {
      out.write(tar);
    }

    ingest(archive(path));

    assertThat(rows()).hasSize(3);
  }

  @Test
  void aGlobReplacesTheUsualNamesOfPictures() {
    IngestResult result =
        ingest(
            new ArchiveSource(
                List.of(ARCHIVES.resolve("info.zip").toString()), Optional.of("[13].*"), false));

    assertThat(rows()).hasSize(2);
    assertThat(result.account().found()).isEqualTo(4);
  }

  @Test
  void whereABadPictureIsTheOthersAreRead() throws IOException {
    byte[] tar;
    try (var in =
        new GZIPInputStream(Files.newInputStream(ARCHIVES.resolve("shards/train-000001.tar.gz")))) {
      tar = in.readAllBytes();
    }
    // The second of three blocks of two: header, content.
    tar[3 * 512 + 50] ^= 1;
    Path path = folder.resolve("bad.tar");
    Files.write(path, tar);

    IngestResult result = skipping(archive(path));

    assertThat(rows()).containsExactly("bad.tar/0004.png 3 4");
    assertThat(result.reasons().get(0)).startsWith("bad.tar/0003.png is a damaged PNG file");
  }

  // Notes in a zip

  /** A zip of files that are stored in the order of their names, one after the other. */
  private Path zip(String name, SortedMap<String, byte[]> files) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(path))) {
      out.setMethod(ZipOutputStream.STORED);
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        CRC32 crc = new CRC32();
        crc.update(file.getValue());
        ZipEntry entry = new ZipEntry(file.getKey());
        entry.setSize(file.getValue().length);
        entry.setCrc(crc.getValue());
        out.putNextEntry(entry);
        out.write(file.getValue());
      }
    }
    return path;
  }

  private static byte[] picture(int value) {
    byte[] pixels = new byte[6];
    Arrays.fill(pixels, (byte) value);
    return ImageCodec.encodePng(new RawImage(3, 2, 1, pixels));
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aDamagedNoteOfAZipConcernsItsPictureAlone() throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    for (int i = 1; i <= 4; i++) {
      files.put(i + ".png", picture(i));
    }
    files.put("1.cls", text("first"));
    files.put("2.cls", text("second, to be damaged"));
    files.put("3.json", text("{\"label\": \"third, to be damaged\"}"));
    files.put("4.cls", text("fourth"));
    files.put("5.txt", text("after all damage"));
    Path zip = zip("notes.zip", files);
    byte[] bytes = Files.readAllBytes(zip);
    String content = new String(bytes, StandardCharsets.ISO_8859_1);
    bytes[content.indexOf("second, to be")] ^= 1;
    bytes[content.indexOf("third, to be")] ^= 1;
    Files.write(zip, bytes);

    IngestResult result = skipping(archive(zip));

    assertThat(rows()).containsExactly("notes.zip/1.png 0 1", "notes.zip/4.png 1 4");
    assertThat(result.table().labelNames()).containsExactly("first", "fourth");
    assertThat(result.reasons())
        .containsExactlyInAnyOrder(
            "notes.zip/2.png has a class that cannot be read: 2.cls is damaged: its checksum is"
                + " wrong.",
            "notes.zip/3.png has a class that cannot be read: 3.json is damaged: its checksum is"
                + " wrong.");
    assertThat(result.account().found()).isEqualTo(9);
    assertThat(leftOut(result))
        .containsExactly(
            "1 left out because it has a name that is not a picture's: notes.zip/5.txt",
            "1 left out because it should tell a class and is damaged: notes.zip/2.cls",
            "1 left out because it should tell a label and is damaged: notes.zip/3.json",
            "2 left out because it tells the class of a picture:"
                + " notes.zip/1.cls, notes.zip/4.cls",
            "2 left out because it has a class that cannot be read:"
                + " notes.zip/2.png, notes.zip/3.png");
  }

  @Test
  void aNoteThatIsNotReadIsToldWithTheReason() throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put("1.png", picture(1));
    files.put("1.cls", text("x".repeat(1025)));
    files.put("2.json", text(" ".repeat((1 << 20) + 1)));
    files.put("3.cls", text("encrypted"));
    Path zip = zip("notes.zip", files);
    byte[] bytes = Files.readAllBytes(zip);
    int entry = new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("3.cls");
    // In the directory, the flags are 38 bytes before the name; their lowest bit means encrypted.
    bytes[entry - 38] |= 1;
    Files.write(zip, bytes);

    IngestResult result = ingest(archive(zip));

    assertThat(rows()).containsExactly("notes.zip/1.png null 1");
    assertThat(leftOut(result))
        .containsExactly(
            "1 left out because it should tell a class and has more than 1024 bytes:"
                + " notes.zip/1.cls",
            "1 left out because it should tell a class and is encrypted: notes.zip/3.cls",
            "1 left out because it should tell a label and has more than 1048576 bytes:"
                + " notes.zip/2.json");
  }

  @Test
  void numbersOfNotesAreKeptBesideFoldersThatAreNumbers() throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put("birds/1.cls", text("10"));
    files.put("birds/1.png", picture(1));
    files.put("birds/2.cls", text("2"));
    files.put("birds/2.png", picture(2));
    files.put("7/3.png", picture(3));
    IngestResult result = ingest(byFolder(zip("numbers.zip", files)));

    assertThat(result.table().labelNames()).isEmpty();
    assertThat(rows())
        .containsExactly(
            "numbers.zip/7/3.png 7 3",
            "numbers.zip/birds/1.png 10 1",
            "numbers.zip/birds/2.png 2 2");
  }

  @Test
  void onlyFoldersThatTellAClassAreClasses() throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put("all/cat/1.cls", text("auk"));
    files.put("all/cat/1.png", picture(1));
    files.put("all/dog/deep/2.png", picture(2));
    files.put("all/dog/3.png", picture(3));
    IngestResult result = ingest(byFolder(zip("folders.zip", files)));

    assertThat(result.table().labelNames()).containsExactly("auk", "dog");
  }

  @Test
  void foldersOfSeveralArchivesAreClassesBelowWhatAllHaveInCommon() throws IOException {
    SortedMap<String, byte[]> first = new TreeMap<>();
    first.put("all/cat/1.png", picture(1));
    first.put("all/dog/2.png", picture(2));
    SortedMap<String, byte[]> second = new TreeMap<>();
    second.put("all/dog/deep/deeper/3.png", picture(3));
    second.put("all/dog/deep/other/4.png", picture(4));
    zip("in/1.zip", first);
    zip("in/2.zip", second);
    IngestResult result = ingest(byFolder(folder.resolve("in")));

    assertThat(result.table().labelNames()).containsExactly("cat", "dog");
    assertThat(rows())
        .containsExactly(
            "1.zip/all/cat/1.png 0 1",
            "1.zip/all/dog/2.png 1 2",
            "2.zip/all/dog/deep/deeper/3.png 1 3",
            "2.zip/all/dog/deep/other/4.png 1 4");
  }

  @Test
  void noMoreClassesAreCollectedThanShowThatThereAreTooMany() {
    ArchiveSummary first = new ArchiveSummary(true);
    ArchiveSummary second = new ArchiveSummary(true);
    for (int i = 0; i < 110_000; i++) {
      first.addPicture("first" + i + "/1.png", false, Optional.empty());
      second.addPicture("second/1.png", true, Optional.of("class" + i));
    }
    ArchiveSummary all = new ArchiveSummary(true).plus(first).plus(second);

    assertThat(all.classes()).hasSize(100_001);
    assertThat(all.folders().orElseThrow().names()).hasSize(100_001);
    assertThatThrownBy(() -> ArchiveClasses.of(all))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "The archives tell more than 100000 different classes, as many as are possible.");
  }
}
