package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cpu.CpuBackend;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The output folder over several runs: files of 8 images in micro-batches of 4. */
class SampleResumeTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;

  /** 20 images of an undisturbed run. */
  private static Path undisturbed;

  private final StringWriter text = new StringWriter();

  @BeforeAll
  static void sampleOnce() {
    model = TinyModel.write(shared.resolve("model"), 5);
    undisturbed = shared.resolve("samples");
    new SampleResumeTest().sample(undisturbed, 20);
  }

  private SampleJob.Result sample(Path output, long count, String... assignments) {
    return sample(model, output, count, Set.of(), assignments);
  }

  private SampleJob.Result sample(
      Path from, Path output, long count, Set<Export> exports, String... assignments) {
    return new SampleJob(SPARK.session(), new PrintWriter(text, true))
        .run(
            new SampleJob.Request(
                from.toString(),
                output.toString(),
                count,
                TinyModel.sampling(assignments),
                BackendChoice.DEFAULT,
                exports));
  }

  private static List<String> files(Path of) throws IOException {
    try (Stream<Path> files = Files.list(of)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .sorted()
          .toList();
    }
  }

  private static JsonNode manifest(Path output) throws IOException {
    return new JsonMapper().readTree(output.resolve("manifest.json").toFile());
  }

  private static List<Row> rows(Path table) {
    return SPARK.session().read().parquet(table.toString()).orderBy("sample_index").collectAsList();
  }

  private static Map<String, Object> written(Path output) throws IOException {
    Map<String, Object> times = new TreeMap<>();
    for (String file : files(output.resolve("images"))) {
      Path path = output.resolve("images").resolve(file);
      times.put(file, Files.getLastModifiedTime(path) + " " + Files.size(path));
    }
    return times;
  }

  private static void assertComplete(Path output, long count) {
    assertThat(rows(output.resolve("images")))
        .extracting(row -> row.<Long>getAs("sample_index"))
        .containsExactlyElementsOf(LongStream.range(0, count).boxed().toList());
  }

  @Test
  void theManifestSaysWhatIsThere() throws IOException {
    JsonNode manifest = manifest(undisturbed);

    assertThat(manifest.at("/complete").asBoolean()).isTrue();
    assertThat(manifest.at("/images").asLong()).isEqualTo(20);
    assertThat(manifest.at("/settings/sampling.sampler").asText()).isEqualTo("ddim");
    assertThat(manifest.at("/settings/model_hash").asText()).matches("[0-9a-f]{64}");
    assertThat(manifest.at("/shards/2/file").asText())
        .isEqualTo("images/000000000016-000000000019.parquet");
    assertThat(manifest.at("/sessions/0/images_drawn").asLong()).isEqualTo(20);
    assertThat(manifest.at("/sessions/0/versions/spark").asText()).startsWith("3.5");
    assertThat(files(undisturbed.resolve("images"))).hasSize(3);
  }

  @Test
  void theManifestSaysHowMuchOfTheTimeTheSamplerTook() throws IOException {
    JsonNode manifest = manifest(undisturbed);
    double samplerSeconds = 0;
    for (JsonNode shard : manifest.get("shards")) {
      double seconds = shard.get("sampler_seconds").asDouble();
      assertThat(seconds).isPositive().isLessThanOrEqualTo(shard.get("seconds").asDouble());
      samplerSeconds += seconds;
    }
    JsonNode session = manifest.at("/sessions/0");
    double slotSeconds = session.get("slots").asInt() * session.get("seconds").asDouble();

    assertThat(session.get("sampler_share").asDouble())
        .isCloseTo(samplerSeconds / slotSeconds, within(1e-9));
  }

  @Test
  void theReportIsOnePageWithThePicture() throws IOException {
    assertThat(undisturbed.resolve("report.html"))
        .content()
        .contains("<b>Complete</b>: 20 of 20 images in 3 files")
        .contains("src=\"data:image/png;base64,iVBOR")
        .contains("<td>sampling.seed</td><td><code>3</code></td>");
  }

  @Test
  void checksumsAreThoseOfTheImagesInTheTable() throws IOException {
    List<String> fingerprints = new ArrayList<>();
    for (JsonNode shard : manifest(undisturbed).get("shards")) {
      ImageDigest digest = new ImageDigest();
      for (Row row : rows(undisturbed.resolve(shard.get("file").asText()))) {
        RawImage image = ImageCodec.decode(row.getAs("image"), "sample");
        digest.add(row.<Long>getAs("sample_index"), image.pixels());
      }
      assertThat(shard.get("fingerprint").asText()).isEqualTo(digest.fingerprint());
      assertThat(shard.get("sha256").asText()).isEqualTo(digest.checksum());
      fingerprints.add(digest.fingerprint());
    }
    assertThat(manifest(undisturbed).get("fingerprint").asText())
        .isEqualTo(ImageDigest.fingerprint(fingerprints));
  }

  @Test
  void otherFilesHoldTheSameImages() throws IOException {
    sample(folder, 20, "sampling.shard-size=12");

    assertThat(files(folder.resolve("images"))).hasSize(2);
    assertThat(manifest(folder).get("fingerprint"))
        .isEqualTo(manifest(undisturbed).get("fingerprint"));
  }

  @Test
  void theSameCommandDoesNothing() throws IOException {
    sample(folder, 12);
    Map<String, Object> before = written(folder);

    SampleJob.Result again = sample(folder, 12);

    assertThat(again.drawn()).isZero();
    assertThat(again.images()).isEqualTo(12);
    assertThat(written(folder)).isEqualTo(before);
    assertThat(manifest(folder).get("sessions")).hasSize(1);
  }

  @Test
  void moreImagesAreAddedToThoseThere() throws IOException {
    sample(folder, 6);
    Map<String, Object> before = written(folder);

    SampleJob.Result more = sample(folder, 20);

    assertThat(more.drawn()).isEqualTo(14);
    assertThat(written(folder)).containsAllEntriesOf(before).hasSize(4);
    assertComplete(folder, 20);
    assertThat(manifest(folder).get("fingerprint"))
        .isEqualTo(manifest(undisturbed).get("fingerprint"));
  }

  @Test
  void fewerImagesAreThereAlready() throws IOException {
    sample(folder, 20);

    assertThat(sample(folder, 3).drawn()).isZero();
    assertThat(manifest(folder).get("complete").asBoolean()).isTrue();
  }

  @Test
  void aFileThatIsGoneIsDrawnAgain() throws IOException {
    sample(folder, 20);
    Map<String, Object> before = written(folder);
    Files.delete(folder.resolve("images/000000000008-000000000015.parquet"));
    before.remove("000000000008-000000000015.parquet");

    assertThat(sample(folder, 20).drawn()).isEqualTo(8);
    assertThat(text.toString()).contains("Going on: 2 of 3 files are there already.");
    assertThat(written(folder)).containsAllEntriesOf(before);
    assertThat(manifest(folder).get("fingerprint"))
        .isEqualTo(manifest(undisturbed).get("fingerprint"));
  }

  /** As after a driver that was killed: files are there, but the manifest knows none. */
  @Test
  void filesThatTheManifestDoesNotListCount() throws IOException {
    sample(folder, 20);
    var json = (ObjectNode) manifest(folder);
    json.putArray("shards");
    json.put("images", 0).put("complete", false).put("fingerprint", "0".repeat(64));
    json.remove("digest");
    Files.write(folder.resolve("manifest.json"), Manifest.FORMAT.write(json));
    Files.deleteIfExists(folder.resolve(".manifest.json.crc"));
    Map<String, Object> before = written(folder);

    assertThat(sample(folder, 20).drawn()).isZero();
    assertThat(written(folder)).isEqualTo(before);
  }

  /** Writes part of a file, long ago. */
  private static void abandon(Path file, String content) throws IOException {
    Files.writeString(file, content);
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
  }

  @Test
  void whatKilledWritersLeftIsIgnoredAndRemoved() throws IOException {
    String left = ".000000000000-000000000007.parquet.0a1b2c3d-0000-4000-8000-0123456789ab";
    abandon(folder.resolve(".manifest.json.0a1b2c3d-0000-4000-8000-0123456789ab"), "{");
    sample(folder, 8);
    Path images = folder.resolve("images");
    abandon(images.resolve(left), "half");

    sample(folder, 9);

    assertComplete(folder, 9);
    assertThat(files(images)).hasSize(2).doesNotContain(left);
    assertThat(files(folder))
        .containsExactly("contact-sheet.png", "images", "manifest.json", "report.html");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sampling.seed=4 | sampling.seed: 3 → 4",
        "sampling.steps=6 | sampling.steps: 5 → 6",
        "sampling.eta=0.5 | sampling.eta: 0.0 → 0.5",
        "sampling.spacing=trailing | sampling.spacing: linspace → trailing",
        "sampling.ddim-noise=predicted | sampling.ddim-noise: consistent → predicted",
        "sampling.clip-range=2 | sampling.clip-range: 1.0 → 2.0",
        "sampling.sampler=dpm-solver++ | sampling.sampler: ddim → dpm-solver++",
        "sampling.thresholding=none | sampling.thresholding: clip → none",
        "sampling.micro-batch=8 | sampling.micro-batch: 4 → 8",
        "sampling.keep-x0=true | sampling.keep-x0: false → true",
        "sampling.trajectory=2 | sampling.trajectory: 0 → 2",
      })
  void imagesOfOtherSettingsAreNotMixed(String assignment, String difference) throws IOException {
    Map<String, Object> before = written(undisturbed);
    String manifest = Files.readString(undisturbed.resolve("manifest.json"));

    assertThatThrownBy(() -> sample(undisturbed, 20, assignment))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--output = " + undisturbed)
        .hasMessageContaining(difference);
    assertThat(written(undisturbed)).isEqualTo(before);
    assertThat(undisturbed.resolve("manifest.json")).hasContent(manifest);
  }

  private static List<ByteBuffer> images(Path output) {
    return SPARK
        .session()
        .read()
        .parquet(output.resolve("images").toString())
        .orderBy("sample_index")
        .collectAsList()
        .stream()
        .map(row -> ByteBuffer.wrap(row.getAs("image")))
        .toList();
  }

  private SampleJob.Result sample(Path output, long count, Precision precision) {
    return new SampleJob(SPARK.session(), new PrintWriter(text, true))
        .run(
            new SampleJob.Request(
                model.toString(),
                output.toString(),
                count,
                TinyModel.sampling(),
                new BackendChoice(DeviceChoice.CPU, precision),
                Set.of()));
  }

  @Test
  void imagesOfOtherPrecisionsAreNotMixed() throws IOException {
    assumeTrue(new CpuBackend().serves(Precision.BFLOAT16), "nothing multiplies bfloat16 here");
    Path output = folder.resolve("bfloat16");
    sample(output, 8, Precision.BFLOAT16);
    sample(output, 20, Precision.BFLOAT16);
    Path atOnce = folder.resolve("at-once");
    sample(atOnce, 20, Precision.BFLOAT16);

    assertThat(images(output)).isEqualTo(images(atOnce)).isNotEqualTo(images(undisturbed));
    assertThat(Files.readString(output.resolve("manifest.json")))
        .contains("\"backend.precision\"", "bfloat16 by");
    assertThat(Files.readString(undisturbed.resolve("manifest.json")))
        .doesNotContain("backend.precision");
    assertThatThrownBy(() -> sample(output, 20, Precision.FLOAT32))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("backend.precision: bfloat16 → float32");
    assertThatThrownBy(() -> sample(undisturbed, 20, Precision.BFLOAT16))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("backend.precision: float32 → bfloat16");
  }

  @Test
  void imagesOfAnotherModelAreNotMixed() {
    Path other = TinyModel.write(folder.resolve("model"), 6);

    assertThatThrownBy(() -> sample(other, undisturbed, 20, Set.of()))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("model_hash: ");
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedFileIsSaidAndDrawnAgain(Damage damage) throws IOException {
    sample(folder, 20);
    Map<String, Object> before = written(folder);
    String name = "000000000008-000000000015.parquet";
    before.remove(name);
    damage.makeIn(folder.resolve("images").resolve(name));

    SampleJob.Result again = sample(folder, 20);

    assertThat(again.drawn()).isEqualTo(8);
    assertThat(text.toString())
        .containsPattern(
            "(?m)^images/%s is damaged \\(.*%s.*\\): its 8 images are drawn anew\\.$"
                .formatted(name, damage.reason))
        .contains("Going on: 2 of 3 files are there already.");
    assertThat(written(folder)).containsAllEntriesOf(before).hasSize(3);
    assertThat(manifest(folder).get("complete").asBoolean()).isTrue();
    assertThat(manifest(folder).get("fingerprint"))
        .isEqualTo(manifest(undisturbed).get("fingerprint"));
    assertComplete(folder, 20);
  }

  /** What can happen to a file, and what is said about it. */
  enum Damage {
    CUT("does not end as a Parquet file") {
      @Override
      byte[] of(byte[] file) {
        return Arrays.copyOf(file, file.length - 1);
      }
    },
    EMPTY("it has only 0 bytes") {
      @Override
      byte[] of(byte[] file) {
        return new byte[0];
      }
    },
    NO_PARQUET("does not end as a Parquet file") {
      @Override
      byte[] of(byte[] file) {
        return new byte[file.length];
      }
    },
    FLIPPED("its SHA-256 is not the one that it was written with") {
      @Override
      byte[] of(byte[] file) {
        file[file.length / 2] ^= 1;
        return file;
      }
    },
    WITHOUT_DIGEST("it carries no digest") {
      @Override
      byte[] of(byte[] file) {
        String key = new String(file, StandardCharsets.ISO_8859_1);
        file[key.indexOf("ddpm.digest")] ^= 1;
        return file;
      }
    },
    LONG_FOOTER("its footer cannot have") {
      @Override
      byte[] of(byte[] file) {
        file[file.length - 5] = 1;
        return file;
      }
    };

    private final String reason;

    Damage(String reason) {
      this.reason = reason;
    }

    abstract byte[] of(byte[] file);

    void makeIn(Path file) throws IOException {
      Files.write(file, of(Files.readAllBytes(file)));
    }
  }

  @Test
  void aFileCopiedOverAnotherIsFound() throws IOException {
    sample(folder, 20);
    Path images = folder.resolve("images");
    byte[] other = Files.readAllBytes(images.resolve("000000000000-000000000007.parquet"));
    Files.write(images.resolve("000000000008-000000000015.parquet"), other);

    assertThat(sample(folder, 20).drawn()).isEqualTo(8);
    assertThat(text.toString())
        .contains("is damaged (it holds the images 000000000000-000000000007): its 8 images");
    assertComplete(folder, 20);
  }

  @Test
  void aDamagedFileBeyondTheCountIsDrawnAgainToo() throws IOException {
    sample(folder, 20);
    Damage.FLIPPED.makeIn(folder.resolve("images/000000000016-000000000019.parquet"));

    assertThat(sample(folder, 8).drawn()).isEqualTo(4);
    assertThat(manifest(folder).get("complete").asBoolean()).isTrue();
  }

  @Test
  void damagedTrajectoriesAreDrawnAgain() throws IOException {
    sample(folder, 12, "sampling.trajectory=2");
    Path file = folder.resolve("trajectories/000000000000-000000000007.parquet");
    byte[] whole = Files.readAllBytes(file);
    Map<String, Object> before = written(folder);
    Damage.FLIPPED.makeIn(file);
    Files.delete(folder.resolve("trajectories/000000000008-000000000011.parquet"));

    assertThat(sample(folder, 12, "sampling.trajectory=2").drawn()).isEqualTo(12);
    assertThat(text.toString())
        .contains("trajectories/000000000000-000000000007.parquet is damaged (its SHA-256")
        .contains("trajectories/000000000008-000000000011.parquet is gone: its 4 images");
    assertThat(file).hasBinaryContent(whole);
    assertThat(written(folder)).isEqualTo(before);
    assertThat(sample(folder, 12, "sampling.trajectory=2").drawn()).isZero();
  }

  @Test
  void damagedExportsAreMadeAnew() throws IOException {
    sample(model, folder, 10, Set.of(Export.PNG, Export.NPZ));
    Path npz = folder.resolve("npz/000000000000-000000000007.npz");
    Path png = folder.resolve("png/000000000008-000000000009/000000000009.png");
    byte[] array = Files.readAllBytes(npz);
    byte[] picture = Files.readAllBytes(png);
    Damage.FLIPPED.makeIn(npz);
    Damage.CUT.makeIn(png);

    sample(model, folder, 10, Set.of(Export.PNG, Export.NPZ));

    assertThat(text.toString())
        .contains("npz/000000000000-000000000007.npz was damaged: 1 file(s) of it")
        .contains("png/000000000008-000000000009 was damaged: 1 file(s) of it");
    assertThat(npz).hasBinaryContent(array);
    assertThat(png).hasBinaryContent(picture);
    assertThat(manifest(folder).get("sessions")).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/segments/0/end | -20 | it has a segment that ends at -20",
        "/segments/0/end | 9223372036854775807 | it has a segment that ends at 9223372036854775807",
        "/segments/0/shard_size | 0 | in files of 0 images",
        "/shards/0/count | -8 | it lists a file of -8 images from 0 on",
        "/shards/1/first | 9223372036854775807 | it lists a file of 8 images from"
            + " 9223372036854775807",
        "/shards/1/first | 4 | it lists images/000000000008-000000000015.parquet in the place of",
        "/shards/0/bytes | 0 | has a number that is too small",
        "/images | 19 | it has images = 19 and complete = true",
        "/sessions/0/slots | 0 | has a number that is too small",
      })
  void aManifestOfImpossibleNumbersIsRefused(String path, long number, String message)
      throws IOException {
    sample(folder, 20);
    var json = (ObjectNode) manifest(folder);
    json.remove("digest");
    JsonPointer at = JsonPointer.compile(path);
    ((ObjectNode) json.at(at.head())).put(at.last().getMatchingProperty(), number);
    Files.write(folder.resolve("manifest.json"), Manifest.FORMAT.write(json));

    assertThatThrownBy(() -> sample(folder, 20))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContaining("manifest.json is damaged: ")
        .hasMessageContaining(message);
  }

  @Test
  void aShardThatIsListedTwiceIsRefused() throws IOException {
    sample(folder, 20);
    var json = (ObjectNode) manifest(folder);
    json.remove("digest");
    var shards = (ArrayNode) json.get("shards");
    shards.set(1, shards.get(0));
    Files.write(folder.resolve("manifest.json"), Manifest.FORMAT.write(json));

    assertThatThrownBy(() -> sample(folder, 20))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("the 8 images from 0 on are no file of its plan, or are there twice");
  }

  @ParameterizedTest
  @CsvSource({
    "9223372036854775807, 0, must be at most 1000000000000",
    "1000000000000, 4, would be cut into"
  })
  void aCountThatIsTooLargeIsRefusedBeforeAnythingIsWritten(
      long count, int shardSize, String message) {
    Path output = folder.resolve("new");

    assertThatThrownBy(() -> sample(output, count, "sampling.shard-size=" + shardSize))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContaining("--count = " + count)
        .hasMessageContaining(message);
    assertThat(output).doesNotExist();
  }

  /** Settings of a folder that an earlier version has written, under the names that it had. */
  @Test
  void aKeyThatThereIsNoMoreNamesItsHeir() throws IOException {
    sample(folder, 8);
    var json = (ObjectNode) manifest(folder);
    json.remove("digest");
    ((ObjectNode) json.get("settings")).put("sampling.clip", "true");
    Files.write(folder.resolve("manifest.json"), Manifest.FORMAT.write(json));

    assertThatThrownBy(() -> sample(folder, 8))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("sampling.clip (now sampling.thresholding): true → unset");
  }

  @Test
  void theReportShowsTextAsText() throws IOException {
    sample(folder, 8);
    var json = (ObjectNode) manifest(folder);
    json.remove("digest");
    ((ObjectNode) json.at("/sessions/0")).put("started", "<b>'1'&\"</b>");
    Files.write(folder.resolve("manifest.json"), Manifest.FORMAT.write(json));

    sample(folder, 8);

    assertThat(folder.resolve("report.html"))
        .content()
        .contains("<td>&lt;b&gt;&#39;1&#39;&amp;&quot;&lt;/b&gt;</td>");
  }

  @Test
  void whatKilledExportsLeftIsRemovedWhenTheyAreDone() throws IOException {
    sample(folder, 8);
    String uuid = ".0a1b2c3d-0000-4000-8000-0123456789ab";
    Path png = folder.resolve("png/.000000000000-000000000007" + uuid);
    Path npz = folder.resolve("npz/.000000000000-000000000007.npz" + uuid);
    Files.createDirectories(png);
    Files.writeString(png.resolve("000000000000.png"), "half");
    Files.createDirectories(npz.getParent());
    Files.writeString(npz, "half");

    sample(model, folder, 8, Set.of(Export.PNG, Export.NPZ));

    assertThat(files(folder.resolve("png"))).containsExactly("000000000000-000000000007");
    assertThat(files(folder.resolve("npz"))).containsExactly("000000000000-000000000007.npz");
  }

  @Test
  void aFileThatIsNotInThePlanIsNamed() throws IOException {
    sample(folder, 8, "sampling.shard-size=4");
    Files.copy(
        undisturbed.resolve("images/000000000000-000000000007.parquet"),
        folder.resolve("images/000000000000-000000000007.parquet"));

    assertThatThrownBy(() -> sample(folder, 8))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("000000000000-000000000007.parquet is none of the files");
  }

  @Test
  void aStrangeFileAmongTheImagesIsNamed() throws IOException {
    sample(folder, 8);
    Files.writeString(folder.resolve("images/mine.parquet"), "precious");

    assertThatThrownBy(() -> sample(folder, 8))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("mine.parquet is not a complete Parquet file");
    assertThat(folder.resolve("images/mine.parquet")).hasContent("precious");
  }

  @Test
  void aManifestOfTheFutureIsRefused() throws IOException {
    Files.writeString(folder.resolve("manifest.json"), "{\"format_version\": 3}");

    assertThatThrownBy(() -> sample(folder, 8))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(
            "was written by a newer version of this program (format 3; this one reads up to 2)");
  }

  @Test
  void aModelThatIsMissingLeavesNoFolder() {
    assertThatThrownBy(() -> sample(folder.resolve("none"), folder.resolve("out"), 8, Set.of()))
        .isInstanceOf(DdpmException.class);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  /** Both draw everything, as an attempt and its speculative twin do; each file counts once. */
  @Test
  void twoJobsAtTheSameTimeWriteEachImageOnce() throws IOException {
    Path output = folder.resolve("samples");
    var first = CompletableFuture.supplyAsync(() -> sample(output, 20));
    SampleJob.Result second = sample(output, 20);

    assertThat(first.join().images()).isEqualTo(second.images()).isEqualTo(20);
    assertComplete(output, 20);
    assertThat(files(output.resolve("images"))).hasSize(3);
    assertThat(manifest(output).get("fingerprint"))
        .isEqualTo(manifest(undisturbed).get("fingerprint"));
  }

  @Test
  void x0IsTheImageBeforeRounding() {
    sample(folder, 4, "sampling.keep-x0=true");

    for (Row row : rows(folder.resolve("images"))) {
      RawImage image = ImageCodec.decode(row.getAs("image"), "sample");
      List<Float> values = row.getList(row.fieldIndex("x0"));
      assertThat(values).hasSize(64);
      for (int i = 0; i < 64; i++) {
        assertThat((int) Math.floor((values.get(i) + 1) * 127.5 + 0.5))
            .isEqualTo(image.pixels()[i] & 0xff);
      }
    }
  }

  @Test
  void trajectoriesAreATableAStripAndAnAnimation() throws IOException {
    sample(folder, 6, "sampling.trajectory=5");

    List<Row> frames = rows(folder.resolve("trajectories"));
    assertThat(frames).hasSize(30);
    Map<Long, byte[]> last = new HashMap<>();
    frames.stream()
        .filter(row -> row.<Integer>getAs("frame") == 4)
        .forEach(
            row -> {
              assertThat(row.<Integer>getAs("timestep")).isZero();
              last.put(row.getAs("sample_index"), row.getAs("image"));
            });
    for (Row row : rows(folder.resolve("images"))) {
      assertThat(last.get(row.<Long>getAs("sample_index"))).isEqualTo(row.<byte[]>getAs("image"));
    }
    assertThat(manifest(folder).at("/settings/sampling.trajectory").asInt()).isEqualTo(5);
    RawImage strip =
        ImageCodec.decode(Files.readAllBytes(folder.resolve("trajectories.png")), "strip");
    assertThat(strip.shape()).isEqualTo("398×332×1");
    assertThat(Files.readAllBytes(folder.resolve("trajectories.gif")))
        .startsWith("GIF89a".getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void imagesAreExportedAlsoLater() throws IOException {
    sample(folder, 10);
    sample(model, folder, 10, Set.of(Export.PNG, Export.NPZ));

    assertThat(files(folder.resolve("png")))
        .containsExactly("000000000000-000000000007", "000000000008-000000000009");
    for (Row row : rows(folder.resolve("images"))) {
      long index = row.<Long>getAs("sample_index");
      Path png =
          folder.resolve(
              "png/%s/%012d.png"
                  .formatted(
                      index < 8 ? "000000000000-000000000007" : "000000000008-000000000009",
                      index));
      assertThat(Files.readAllBytes(png)).isEqualTo(row.<byte[]>getAs("image"));
    }
    assertThat(files(folder.resolve("npz")))
        .containsExactly("000000000000-000000000007.npz", "000000000008-000000000009.npz");
  }

  @Test
  void dynamicThresholdingNeedsASymmetricRange() {
    Path labml = TinyModel.write(folder.resolve("model"), 5, Preset.LABML);

    assertThatThrownBy(
            () ->
                sample(labml, folder.resolve("out"), 4, Set.of(), "sampling.thresholding=dynamic"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("sampling.thresholding = dynamic");
  }

  @ParameterizedTest
  @CsvSource({"PAPER, clip", "LABML, none"})
  void theModelsPresetDecidesWhetherIsClipped(Preset preset, String thresholding)
      throws IOException {
    Path other = TinyModel.write(folder.resolve("model"), 5, preset);
    Path output = folder.resolve("samples");
    sample(other, output, 8, Set.of());

    assertThat(manifest(output).at("/settings/sampling.thresholding").asText())
        .isEqualTo(thresholding);
    assertThat(sample(other, output, 8, Set.of(), "sampling.thresholding=" + thresholding).drawn())
        .isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "sampling.thresholding=dynamic",
    "sampling.thresholding=none",
    "sampling.spacing=leading",
    "sampling.spacing=trailing",
    "sampling.ddim-noise=predicted",
    "sampling.clip-range=0.5",
    "sampling.sampler=ddpm",
    "sampling.sampler=dpm-solver++",
    "sampling.sampler=unipc",
    "sampling.sampler=euler",
    "sampling.sampler=heun"
  })
  void everyChoiceGivesOtherImages(String assignment) throws IOException {
    sample(folder, 20, assignment);

    assertThat(manifest(folder).get("fingerprint"))
        .isNotEqualTo(manifest(undisturbed).get("fingerprint"));
  }

  /** Each is drawn whole, and in two runs with files and a local cluster of another cut. */
  @ParameterizedTest
  @CsvSource({
    "dpm-solver++, sampling.noise-levels=karras, sampling.end=first-level",
    "unipc, sampling.noise-levels=karras, sampling.end=first-level",
    "unipc, sampling.spacing=trailing, sampling.end=clean",
    "euler, sampling.spacing=leading, sampling.steps-offset=1",
    "euler, sampling.noise-levels=karras, sampling.trajectory=3",
    "heun, sampling.noise-levels=karras, sampling.keep-x0=true"
  })
  void solversDrawTheSameHoweverTheWorkIsSpread(String sampler, String first, String second)
      throws IOException {
    String which = "sampling.sampler=" + sampler;
    sample(folder.resolve("whole"), 20, which, first, second);
    sample(folder.resolve("parts"), 7, which, first, second, "sampling.shard-size=4");
    sample(folder.resolve("parts"), 20, which, first, second, "sampling.shard-size=4");

    assertThat(manifest(folder.resolve("parts")).get("fingerprint"))
        .isEqualTo(manifest(folder.resolve("whole")).get("fingerprint"));
  }

  @Test
  void theVarianceMattersToAncestralSampling() throws IOException {
    sample(folder.resolve("large"), 8, "sampling.sampler=ddpm");
    sample(folder.resolve("small"), 8, "sampling.sampler=ddpm", "sampling.variance=fixed-small");

    assertThat(manifest(folder.resolve("large")).get("fingerprint"))
        .isNotEqualTo(manifest(folder.resolve("small")).get("fingerprint"));
  }
}
