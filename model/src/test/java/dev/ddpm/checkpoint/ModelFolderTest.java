package dev.ddpm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
  private static final LabmlUNet UNET =
      new LabmlUNet(1, 16, 8, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);
  private static final ModelDescription DESCRIPTION =
      describe(new ScheduleSpec.Linear(1000, 1e-4, 0.02), Map.of("run", "first", "author", "é"));
  private static final List<TensorHeader> HEADERS =
      List.of(
          new TensorHeader("conv.weight", List.of(2, 1, 1, 2)),
          new TensorHeader("conv.bias", List.of(2)));
  private static final TrainingState STATE = new TrainingState(4000, 250, 3, 1280, -7);

  @TempDir private Path folder;
  private FileStore store;

  @BeforeEach
  void setUp() {
    store = new LocalFileStore(folder);
  }

  @Test
  void readsWhatItWrote() {
    NamedTensors updater = new NamedTensors();
    for (String prefix : List.of(ModelFolder.FIRST_MOMENT, ModelFolder.SECOND_MOMENT)) {
      HEADERS.forEach(
          h ->
              updater.add(
                  new TensorHeader(prefix + h.name(), h.shape()), new float[(int) h.size()]));
    }
    ModelFolder.write(
        store,
        DESCRIPTION,
        Map.of(
            TensorFile.WEIGHTS,
            weights(1),
            TensorFile.EMA,
            weights(2),
            TensorFile.UPDATER,
            updater),
        Optional.of(STATE));

    ModelFolder read = ModelFolder.open(store);

    assertThat(read.description()).isEqualTo(DESCRIPTION);
    assertThat(read.training()).contains(STATE);
    NamedTensors weights = read.read(TensorFile.WEIGHTS, HEADERS);
    assertThat(weights.headers()).isEqualTo(HEADERS);
    assertThat(weights.values("conv.weight")).containsExactly(1, 1, 1, 1);
    assertThat(read.read(TensorFile.EMA, HEADERS).values("conv.bias")).containsExactly(2, 2);
    assertThat(read.has(TensorFile.UPDATER)).isTrue();
    assertThat(read.read(TensorFile.UPDATER, updater.headers()).headers())
        .extracting(TensorHeader::name)
        .containsExactly("m.conv.weight", "m.conv.bias", "v.conv.weight", "v.conv.bias");
  }

  @Test
  void weightsAloneAreEnough() {
    ModelFolder read = written(Map.of());
    assertThat(read.has(TensorFile.EMA)).isFalse();
    assertThat(read.training()).isEmpty();
    assertThatThrownBy(() -> read.read(TensorFile.EMA, HEADERS))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("model.json does not list ema.safetensors");
    assertThatThrownBy(() -> ModelFolder.write(store, DESCRIPTION, Map.of(), Optional.empty()))
        .hasMessageContaining("without weights");
  }

  @ParameterizedTest
  @EnumSource(Prediction.class)
  void everyDescriptionSurvives(Prediction prediction) {
    for (Preset preset : Preset.values()) {
      for (DataRange range : DataRange.values()) {
        for (ScheduleSpec schedule :
            List.of(
                new ScheduleSpec.Cosine(50),
                new ScheduleSpec.Linear(7, 0.1 / 3, 0.2),
                new ScheduleSpec.ScaledLinear(7, 0.1 / 3, 0.2),
                new ScheduleSpec.Sigmoid(7, 0.1 / 3, 0.2),
                new ScheduleSpec.Betas(List.of(0.1, 0.1 / 3)))) {
          ModelDescription description =
              new ModelDescription(UNET, schedule, prediction, preset, range, Map.of());
          ModelFolder.write(
              store, description, Map.of(TensorFile.WEIGHTS, weights(1)), Optional.empty());
          assertThat(ModelFolder.open(store).description()).isEqualTo(description);
        }
      }
    }
  }

  @Test
  void aScheduleThatEndsWithoutSignalIsOneKindAroundAnother() throws IOException {
    ScheduleSpec schedule = new ScheduleSpec.ZeroTerminalSnr(new ScheduleSpec.Cosine(50));
    for (Prediction prediction : List.of(Prediction.V, Prediction.X0)) {
      ModelDescription description =
          new ModelDescription(
              UNET, schedule, prediction, Preset.PAPER, DataRange.MINUS_ONE_TO_ONE, Map.of());
      ModelFolder.write(
          store, description, Map.of(TensorFile.WEIGHTS, weights(1)), Optional.empty());
      assertThat(ModelFolder.open(store).description()).isEqualTo(description);
    }
    assertThat(Files.readString(folder.resolve("model.json")))
        .contains("\"kind\" : \"zero_terminal_snr\",")
        .contains("\"rescaled\" : {")
        .contains("\"kind\" : \"cosine\",");
    assertThatThrownBy(
            () ->
                new ModelDescription(
                    UNET,
                    schedule,
                    Prediction.EPSILON,
                    Preset.PAPER,
                    DataRange.MINUS_ONE_TO_ONE,
                    Map.of()))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "prediction: is epsilon, but the schedule ends without signal, where no image can be"
                + " computed from the noise.");
  }

  @Test
  void describesArchitecturesOfEveryKind() throws IOException {
    var unet =
        new Unet2d(
            3,
            16,
            8,
            List.of(16, 32),
            List.of(false, true),
            2,
            8,
            1e-6,
            4,
            new Unet2d.Middle(true, false, 1.5),
            new TimeEncoding(0, true),
            0,
            true,
            0.1,
            10,
            true);
    var description =
        new ModelDescription(
            unet,
            new ScheduleSpec.Cosine(50),
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of());
    assertThat(description.classes()).isEqualTo(ClassLabels.numbered(10));
    ModelFolder.write(store, description, Map.of(TensorFile.WEIGHTS, weights(1)), Optional.empty());

    assertThat(ModelFolder.open(store).description()).isEqualTo(description);
    assertThat(Files.readString(folder.resolve("model.json")))
        .startsWith("{\n  \"format_version\" : 4,")
        .contains("\"kind\" : \"unet2d\",")
        .doesNotContain("unlabelled")
        .contains("\"widths\" : [ 16, 32 ]")
        .contains("\"scale_factor\" : 1.5")
        .contains("\"frequency_shift\" : 0")
        .doesNotContain("levels", "heads(");
  }

  /** The format that stored models have: a change here needs another version. */
  @Test
  void descriptionIsReadableByPeople() throws IOException {
    written(Map.of());
    assertThat(Files.readString(folder.resolve("model.json")))
        .startsWith("{\n  \"format_version\" : 4,\n  \"model\" : {")
        .containsPattern(",\n  \"digest\" : \"sha256:[0-9a-f]{64}\"\n}\n$")
        .contains("\"architecture\" : {\n      \"kind\" : \"labml\",")
        .contains("\"image_channels\" : 1")
        .doesNotContain("classes")
        .contains("\"channel_multipliers\" : [ 1, 2 ]")
        .contains("\"attention\" : [ false, true ]")
        .contains("\"kind\" : \"linear\"")
        .contains("\"first_beta\" : 1.0E-4")
        .contains("\"prediction\" : \"epsilon\"")
        .contains("\"preset\" : \"paper\"")
        .contains("\"data_range\" : \"minus_one_to_one\"")
        .contains("\"author\" : \"é\"")
        .contains("\"weights.safetensors\" : \"");
  }

  @Test
  void consumerGetsOneTensorAfterTheOther() {
    List<String> names = new ArrayList<>();
    List<TensorHeader> otherOrder = List.of(HEADERS.get(1), HEADERS.get(0));
    written(Map.of())
        .read(TensorFile.WEIGHTS, otherOrder, (header, elements) -> names.add(header.name()));
    assertThat(names).containsExactly("conv.weight", "conv.bias");
  }

  @Test
  void modelHashIsThatOfWhatSamplingUses() {
    String hash = written(Map.of()).modelHash(TensorFile.WEIGHTS);
    assertThat(hash).matches("[0-9a-f]{64}");

    ModelFolder sameUnderOtherProvenance =
        ModelFolder.write(
            store,
            describe(DESCRIPTION.schedule(), Map.of("run", "second")),
            Map.of(TensorFile.WEIGHTS, weights(1), TensorFile.EMA, weights(2)),
            Optional.of(STATE));
    assertThat(sameUnderOtherProvenance.modelHash(TensorFile.WEIGHTS)).isEqualTo(hash);
    assertThat(ModelFolder.open(store).modelHash(TensorFile.WEIGHTS)).isEqualTo(hash);
    assertThat(sameUnderOtherProvenance.modelHash(TensorFile.EMA)).isNotEqualTo(hash);

    ModelFolder otherSchedule =
        ModelFolder.write(
            store,
            describe(new ScheduleSpec.Cosine(1000), Map.of()),
            Map.of(TensorFile.WEIGHTS, weights(1)),
            Optional.empty());
    assertThat(otherSchedule.modelHash(TensorFile.WEIGHTS)).isNotEqualTo(hash);
  }

  @Test
  void refusesAFolderWithoutModel() {
    assertData(() -> ModelFolder.open(store), folder.resolve("model.json") + " does not exist");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "\"format_version\" : 4 | \"format_version\" : 6 | was written by a newer version of this"
            + " program (format 6; this one reads up to 5): use that version.",
        "\"format_version\" : 4 | \"format_version\" : \"x\" | format_version = \"x\": must be a"
            + " whole number",
        "\"format_version\" : 4, |  | has no number format_version",
        "\"height\" : 16 | \"height\" : 15 | height = 15: must be a multiple of 2",
        "\"height\" : 16 | \"height\" : 16.5 | model.architecture.height = 16.5: must be a whole"
            + " number",
        "\"height\" : 16 | \"height\" : 99999999999 | model.architecture.height = 99999999999: must"
            + " be a whole number that is not too large.",
        "\"height\" : 16 | \"height\" : null | model.architecture.height = null: must be a whole",
        "\"height\" : 16 | \"height\" : \"16\" | model.architecture.height = \"16\": must be a"
            + " whole",
        "\"height\" : 16, |  | model.architecture.height is missing.",
        "\"height\" : 16 | \"heigth\" : 16 | model.architecture.height is missing.",
        "\"height\" : 16, | \"height\" : 16, \"depth\" : 1, | model.architecture.depth: there is no"
            + " such key.",
        "\"kind\" : \"labml\" | \"kind\" : \"dit\" | model.architecture.kind = \"dit\": must be one"
            + " of labml, unet2d.",
        "\"kind\" : \"labml\", |  | model.architecture.kind is missing.",
        "\"kind\" : \"linear\" | \"kind\" : \"square\" | model.schedule.kind = \"square\": must be"
            + " one of",
        "\"steps\" : 1000 | \"steps\" : 2147483647 | steps = 2147483647: must be from 1 to 100000.",
        "\"steps\" : 1000 | \"steps\" : 0 | steps = 0: must be from 1 to 100000.",
        "\"first_beta\" : 1.0E-4 | \"first_beta\" : 0 | first_beta = 0.0: must be above 0 and below"
            + " 1.",
        "\"last_beta\" : 0.02 | \"last_beta\" : 1.02 | last_beta = 1.02: must be at least"
            + " first_beta",
        "\"last_beta\" : 0.02 | \"last_beta\" : \"NaN\" | last_beta = NaN: must be at least"
            + " first_beta",
        "\"first_beta\" : 1.0E-4 | \"first_beta\" : 1e-300 | first_beta = 1.0E-300: is so small",
        "\"blocks\" : 1 | \"blocks\" : 100000 | blocks = 100000: must be at least 1 and at most"
            + " 1000.",
        "\"channels\" : 16 | \"channels\" : 1000000 | channels = 1000000: must be at least 8 and"
            + " at most 65536.",
        "\"channels\" : 16 | \"channels\" : 65536 | channels wide; at most 65536 are allowed.",
        "\"channels\" : 16 | \"channels\" : 16384 | The network is too large: it would have",
        "\"image_channels\" : 1 | \"image_channels\" : 5 | image-channels = 5: must be at least 1",
        "\"height\" : 16 | \"height\" : 2147483646 | height = 2147483646: must be at least 1 and",
        "\"height\" : 16 | \"height\" : 67108864 | height = 67108864, width = 8: an image may have",
        "\"height\" : 16 | \"height\" : 524288 | level 1 would attend over 1048576 positions; at"
            + " most 262144",
        "\"prediction\" : \"epsilon\" | \"prediction\" : \"delta\" | model.prediction = \"delta\":"
            + " must be one of epsilon, x0, v.",
        "\"prediction\" : \"epsilon\" | \"prediction\" : 0 | model.prediction = 0: must be one of",
        "\"weights.safetensors\" | \"waits\" | does not list weights.safetensors",
        "{ | [ | not valid JSON"
      })
  void refusesDescriptionsItDoesNotUnderstand(String from, String to, String message)
      throws IOException {
    written(Map.of());
    Path json = folder.resolve("model.json");
    String text =
        new String(SelfDigest.removeFrom(Files.readAllBytes(json), ""), StandardCharsets.UTF_8);
    assertThat(text).contains(from);
    String changed = text.replace(from, to == null ? "" : to);
    Files.write(json, SelfDigest.addTo(changed.getBytes(StandardCharsets.UTF_8)));

    assertData(() -> ModelFolder.open(store), json + "", message);
  }

  /** Also of a document from before there were digests, where its parts are named wrongly. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noBitOfTheDescriptionCanChangeUnnoticed(boolean withDigest) throws IOException {
    ModelFolder.write(
        store,
        DESCRIPTION,
        Map.of(TensorFile.WEIGHTS, weights(1), TensorFile.EMA, weights(2)),
        Optional.of(STATE));
    byte[] json = Files.readAllBytes(folder.resolve("model.json"));
    int from = 0;
    int to = json.length;
    if (!withDigest) {
      json = ofFormat2(json);
      String text = new String(json, StandardCharsets.ISO_8859_1);
      from = text.indexOf("ema.safetensors");
      to = from + "ema.safetensors".length();
    }
    for (int bit = 8 * from; bit < 8 * to; bit++) {
      byte[] flipped = json.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      FileStore damaged = new Described(store, flipped);
      assertThatThrownBy(() -> ModelFolder.open(damaged))
          .as("bit %d of byte %d", bit % 8, bit / 8)
          .isInstanceOfSatisfying(
              DdpmException.class,
              e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA));
      // A damaged number must not pass for that of a newer version, which stops a run.
      assertThat(ModelFolder.isNewer(damaged)).isFalse();
    }
  }

  @Test
  void whatWasWrittenBeforeThereWereDigestsIsRead() throws IOException {
    ModelFolder written = written(Map.of());
    Path file = folder.resolve("model.json");
    byte[] second = ofFormat2(Files.readAllBytes(file));
    Files.write(file, second);

    assertThat(ModelFolder.open(store).description()).isEqualTo(DESCRIPTION);
    assertThat(ModelFolder.open(store).modelHash(TensorFile.WEIGHTS))
        .isEqualTo(written.modelHash(TensorFile.WEIGHTS));

    Files.write(file, SelfDigest.addTo(second));
    assertData(
        () -> ModelFolder.open(store),
        "model.json is damaged: a document of format 2 has no digest, and this one has");
  }

  private static final LabmlUNet KNOWS_CLASSES =
      new LabmlUNet(1, 16, 8, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1, 3);

  private static ModelDescription describe(ClassLabels classes) {
    return new ModelDescription(
        KNOWS_CLASSES,
        classes,
        DESCRIPTION.schedule(),
        Prediction.EPSILON,
        Preset.PAPER,
        DataRange.MINUS_ONE_TO_ONE,
        Map.of(),
        Map.of());
  }

  /** An earlier version would take such a model for one without classes, or for damaged. */
  @Test
  void namedClassesAreStoredInAFormatOfTheirOwn() throws IOException {
    ModelDescription named = describe(new ClassLabels(List.of("bag", "boot"), true));
    ModelDescription numbered = describe(ClassLabels.numbered(3));
    Map<TensorFile, NamedTensors> tensors = Map.of(TensorFile.WEIGHTS, weights(1));
    String hash =
        ModelFolder.write(store, numbered, tensors, Optional.empty()).modelHash(TensorFile.WEIGHTS);
    assertThat(ModelFolder.open(store).description()).isEqualTo(numbered);

    ModelFolder written = ModelFolder.write(store, named, tensors, Optional.empty());

    assertThat(ModelFolder.open(store).description()).isEqualTo(named);
    assertThat(Files.readString(folder.resolve("model.json")))
        .startsWith("{\n  \"format_version\" : 5,\n  \"model\" : {")
        .contains("\"classes\" : {\n      \"names\" : [ \"bag\", \"boot\" ],")
        .contains("\"unlabelled\" : true")
        .contains("\"classes\" : 3\n");
    assertThat(written.modelHash(TensorFile.WEIGHTS)).isNotEqualTo(hash);
    assertThat(ModelFolder.open(store).modelHash(TensorFile.WEIGHTS))
        .isEqualTo(written.modelHash(TensorFile.WEIGHTS));
  }

  @Test
  void anOtherNumberOfClassesThanTheNetworkHasIsRefused() throws IOException {
    assertThatThrownBy(() -> describe(ClassLabels.numbered(2)))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "classes: there are 2, with that of no class if the model knows it, but the network has"
                + " 3.");
    ModelFolder.write(
        store,
        describe(new ClassLabels(List.of("bag", "boot"), true)),
        Map.of(TensorFile.WEIGHTS, weights(1)),
        Optional.empty());
    Path file = folder.resolve("model.json");
    String json =
        new String(SelfDigest.removeFrom(Files.readAllBytes(file), ""), StandardCharsets.UTF_8);
    Files.write(
        file,
        SelfDigest.addTo(
            json.replace("\"unlabelled\" : true", "\"unlabelled\" : false")
                .getBytes(StandardCharsets.UTF_8)));

    assertData(() -> ModelFolder.open(store), "model.json cannot be used: classes: there are 2");
  }

  /** In format 3 no model had defaults of sampling of its own. */
  @Test
  void formatThreeIsRead() throws IOException {
    ModelFolder written = written(Map.of());
    Path file = folder.resolve("model.json");
    Files.write(file, SelfDigest.addTo(ofFormat(3, Files.readAllBytes(file))));

    assertThat(ModelFolder.open(store).description()).isEqualTo(DESCRIPTION);
    assertThat(ModelFolder.open(store).modelHash(TensorFile.WEIGHTS))
        .isEqualTo(written.modelHash(TensorFile.WEIGHTS));
  }

  /** A model is the same model however it is sampled unless told otherwise. */
  @Test
  void defaultsOfSamplingAreStoredAndDoNotChangeTheIdentity() {
    ModelDescription own = DESCRIPTION.withSampling(Map.of("sampling.sampler", "ddim"));
    String hash =
        ModelFolder.write(
                store, DESCRIPTION, Map.of(TensorFile.WEIGHTS, weights(1)), Optional.empty())
            .modelHash(TensorFile.WEIGHTS);
    ModelFolder.write(store, own, Map.of(TensorFile.WEIGHTS, weights(1)), Optional.empty());

    assertThat(ModelFolder.open(store).description()).isEqualTo(own);
    assertThat(ModelFolder.open(store).modelHash(TensorFile.WEIGHTS)).isEqualTo(hash);
  }

  /** A document as format 2 had it. */
  private static byte[] ofFormat2(byte[] json) {
    return ofFormat(2, json);
  }

  /** A document as format 2 or 3 had it, without its digest. */
  private static byte[] ofFormat(int version, byte[] json) {
    return new String(SelfDigest.removeFrom(json, ""), StandardCharsets.UTF_8)
        .replace("\"format_version\" : 4", "\"format_version\" : " + version)
        .replace("    \"sampling\" : { },\n", "")
        .getBytes(StandardCharsets.UTF_8);
  }

  /** A folder whose description is another. */
  private static final class Described implements FileStore {
    private final FileStore store;
    private final byte[] json;

    Described(FileStore store, byte[] json) {
      this.store = store;
      this.json = json;
    }

    @Override
    public boolean exists(String name) throws IOException {
      return store.exists(name);
    }

    @Override
    public InputStream open(String name) throws IOException {
      return name.equals("model.json") ? new ByteArrayInputStream(json) : store.open(name);
    }

    @Override
    public long length(String name) throws IOException {
      return name.equals("model.json") ? json.length : store.length(name);
    }

    @Override
    public void create(String name, Content content) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void delete(String name) {
      throw new UnsupportedOperationException();
    }

    @Override
    public String location(String name) {
      return store.location(name);
    }
  }

  @Test
  void refusesAPartThatIsNotListed() throws IOException {
    ModelFolder read = written(Map.of());
    Files.copy(folder.resolve("weights.safetensors"), folder.resolve("ema.safetensors"));
    assertData(
        () -> ModelFolder.open(store),
        folder.resolve("ema.safetensors") + " exists, but " + folder.resolve("model.json"),
        "does not list it");
    assertThat(read.has(TensorFile.EMA)).isFalse();
  }

  @Test
  void aModelLeavesNothingOfTheOneBefore() {
    written(Map.of(TensorFile.EMA, weights(2)));
    written(Map.of());
    assertThat(ModelFolder.open(store).has(TensorFile.EMA)).isFalse();
    assertThat(folder.resolve("ema.safetensors")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({"labml, dit", "linear, square", "epsilon, delta"})
  void aWordThatIsNotKnownIsThatOfANewerVersion(String known, String unknown) throws IOException {
    written(Map.of());
    Path json = folder.resolve("model.json");
    String text =
        new String(SelfDigest.removeFrom(Files.readAllBytes(json), ""), StandardCharsets.UTF_8)
            .replace("\"" + known + "\"", "\"" + unknown + "\"");
    assertThat(ModelFolder.isNewer(store)).isFalse();

    Files.write(json, SelfDigest.addTo(text.getBytes(StandardCharsets.UTF_8)));

    assertThat(ModelFolder.isNewer(store)).isTrue();
  }

  @Test
  void refusesMissingFiles() throws IOException {
    ModelFolder read = written(Map.of(TensorFile.EMA, weights(2)));
    Files.delete(folder.resolve("ema.safetensors"));
    assertData(() -> read.read(TensorFile.EMA, HEADERS), "ema.safetensors does not exist, but");
    assertData(() -> ModelFolder.open(store), "ema.safetensors does not exist, but");
  }

  @Test
  void refusesFilesOfAnotherModel() throws IOException {
    written(Map.of());
    byte[] other = Files.readAllBytes(folder.resolve("weights.safetensors"));
    ModelFolder.write(
        store, DESCRIPTION, Map.of(TensorFile.WEIGHTS, weights(3)), Optional.of(STATE));
    Files.write(folder.resolve("weights.safetensors"), other);
    Files.writeString(folder.resolve("training.json"), "{}");
    ModelFolder read = ModelFolder.open(store);

    assertData(
        () -> read.read(TensorFile.WEIGHTS, HEADERS),
        folder.resolve("weights.safetensors") + " has the SHA-256",
        "damaged or of another model");
    assertData(read::training, "training.json has the SHA-256");
  }

  @Test
  void refusesTruncatedFiles() throws IOException {
    ModelFolder read = written(Map.of());
    Path file = folder.resolve("weights.safetensors");
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    assertData(
        () -> read.read(TensorFile.WEIGHTS, HEADERS),
        "weights.safetensors: the file ends within tensor conv.bias");
  }

  /** A long file would be room for a short one, and a header costs nothing. */
  @Test
  void roomIsMadeOnlyForWhatIsThere() throws IOException {
    ModelFolder read = written(Map.of());
    read.require(TensorFile.WEIGHTS, HEADERS);
    Path file = folder.resolve("weights.safetensors");
    byte[] whole = Files.readAllBytes(file);
    for (int length : List.of(whole.length - 1, whole.length + 1)) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertData(
          () -> read.require(TensorFile.WEIGHTS, HEADERS),
          "weights.safetensors is damaged: it has %d bytes, but its header is that of a file of %d."
              .formatted(length, whole.length));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.json", "training.json"})
  void aDocumentIsNotReadWithoutEnd(String name) throws IOException {
    ModelFolder read =
        ModelFolder.write(
            store, DESCRIPTION, Map.of(TensorFile.WEIGHTS, weights(1)), Optional.of(STATE));
    try (var file = new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    assertData(
        () -> {
          read.training();
          ModelFolder.open(store);
        },
        name + " is damaged: it has 1099511627776 bytes, and no such file has more than");
  }

  @ParameterizedTest
  @CsvSource({"step, 4000", "round, 250", "epoch, 3", "position, 1280"})
  void aCountIsNotNegative(String key, String value) throws IOException {
    ModelFolder.write(
        store, DESCRIPTION, Map.of(TensorFile.WEIGHTS, weights(1)), Optional.of(STATE));
    Path training = folder.resolve("training.json");
    Path model = folder.resolve("model.json");
    byte[] good = Files.readAllBytes(training);
    byte[] bad =
        new String(good, StandardCharsets.UTF_8)
            .replace("\"%s\" : %s".formatted(key, value), "\"%s\" : -1".formatted(key))
            .getBytes(StandardCharsets.UTF_8);
    Files.write(training, bad);
    String listed =
        new String(SelfDigest.removeFrom(Files.readAllBytes(model), ""), StandardCharsets.UTF_8)
            .replace(sha256(good), sha256(bad));
    Files.write(model, SelfDigest.addTo(listed.getBytes(StandardCharsets.UTF_8)));

    assertData(
        () -> ModelFolder.open(store).training(),
        "training.json cannot be used: %s = -1: must be at least 0.".formatted(key));
  }

  private static String sha256(byte[] bytes) {
    MessageDigest digest = Checksum.digest();
    digest.update(bytes);
    return Checksum.hex(digest);
  }

  @Test
  void refusesTensorsOfAnotherArchitecture() {
    ModelFolder read = written(Map.of());
    TensorHeader weight = HEADERS.get(0);
    TensorHeader bias = HEADERS.get(1);
    TensorHeader wideBias = new TensorHeader("conv.bias", List.of(3));
    TensorHeader extra = new TensorHeader("extra", List.of(3));

    assertData(
        () -> read.read(TensorFile.WEIGHTS, List.of(weight, wideBias)),
        "weights.safetensors: tensor conv.bias is F32 [2], but",
        "needs F32 [3]");
    assertData(
        () -> read.read(TensorFile.WEIGHTS, List.of(weight, bias, extra)),
        "weights.safetensors: tensor extra is missing");
    assertData(
        () -> read.read(TensorFile.WEIGHTS, List.of(weight)),
        "weights.safetensors: tensor conv.bias does not belong");
  }

  @ParameterizedTest
  @CsvSource({"NaN", "Infinity", "-Infinity"})
  void refusesWeightsThatAreNotFinite(float broken) {
    NamedTensors weights =
        new NamedTensors()
            .add(HEADERS.get(0), new float[] {1, 2, broken, 4})
            .add(HEADERS.get(1), new float[2]);
    ModelFolder read =
        ModelFolder.write(
            store, DESCRIPTION, Map.of(TensorFile.WEIGHTS, weights), Optional.empty());
    assertData(
        () -> read.read(TensorFile.WEIGHTS, HEADERS),
        "weights.safetensors: element 2 of tensor conv.weight is " + broken);
  }

  @Test
  void failedWriteLeavesNoModel() throws IOException {
    NamedTensors failing = new NamedTensors();
    failing.add(HEADERS.get(0), () -> new float[1]);

    assertThatThrownBy(
            () ->
                ModelFolder.write(
                    store, DESCRIPTION, Map.of(TensorFile.WEIGHTS, failing), Optional.empty()))
        .hasMessageContaining("not one of 1 F32");

    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void unwritableFolderIsAnEnvironmentFailure() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    FileStore impossible = new LocalFileStore(file);
    assertThatThrownBy(
            () ->
                ModelFolder.write(
                    impossible,
                    DESCRIPTION,
                    Map.of(TensorFile.WEIGHTS, weights(1)),
                    Optional.empty()))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessageContaining("weights.safetensors cannot be written");
  }

  @Test
  void namedTensorsRefuseWhatDoesNotFit() {
    NamedTensors tensors = weights(1);
    assertThatThrownBy(() -> tensors.add(HEADERS.get(0), new float[4]))
        .hasMessageContaining("two tensors of the name conv.weight");
    assertThatThrownBy(() -> tensors.add(new TensorHeader("x", List.of(2)), new float[3]))
        .hasMessageContaining("with 3 elements");
    assertThatThrownBy(() -> tensors.values("y")).hasMessageContaining("no tensor of the name y");
  }

  private ModelFolder written(Map<TensorFile, NamedTensors> more) {
    Map<TensorFile, NamedTensors> tensors = new EnumMap<>(TensorFile.class);
    tensors.put(TensorFile.WEIGHTS, weights(1));
    tensors.putAll(more);
    return ModelFolder.write(store, DESCRIPTION, tensors, Optional.empty());
  }

  private static ModelDescription describe(ScheduleSpec schedule, Map<String, String> provenance) {
    return new ModelDescription(
        UNET, schedule, Prediction.EPSILON, Preset.PAPER, DataRange.MINUS_ONE_TO_ONE, provenance);
  }

  private static NamedTensors weights(float value) {
    NamedTensors tensors = new NamedTensors();
    for (TensorHeader header : HEADERS) {
      float[] elements = new float[(int) header.size()];
      Arrays.fill(elements, value);
      tensors.add(header, elements);
    }
    return tensors;
  }

  private static void assertData(ThrowingCallable call, String... messages) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .satisfies(
            e ->
                assertThat(e.getMessage())
                    .contains(messages)
                    .doesNotContain("eserializ", "`", "java.", "dev.ddpm"));
  }
}
