package dev.ddpm.exchange;

import static dev.ddpm.exchange.TorchBytes.dictionary;
import static dev.ddpm.exchange.TorchBytes.floats;
import static dev.ddpm.exchange.TorchBytes.integer;
import static dev.ddpm.exchange.TorchBytes.legacy;
import static dev.ddpm.exchange.TorchBytes.pickle;
import static dev.ddpm.exchange.TorchBytes.storage;
import static dev.ddpm.exchange.TorchBytes.tensor;
import static dev.ddpm.exchange.TorchBytes.text;
import static dev.ddpm.exchange.TorchBytes.zip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsWriter;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.fuzz.Fuzz;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
  private static final String PAIR = tensor(storage("FloatStorage", "0", 2), 0, longs(2), longs(1));
  private static final Map<String, byte[]> PAIR_BYTES = Map.of("0", floats(1.5f, -2));

  @TempDir private Path folder;

  private static List<Long> longs(long... values) {
    return Arrays.stream(values).boxed().toList();
  }

  private Path file(byte[] bytes) {
    try {
      return Files.write(folder.resolve("model.pth"), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, Object> read(byte[] bytes) {
    return read(bytes, Optional.empty());
  }

  /** Shapes and elements by name. */
  private Map<String, Object> read(byte[] bytes, Optional<String> dictionary) {
    Map<String, Object> read = new LinkedHashMap<>();
    try (WeightsFile file = WeightsFile.open(file(bytes), dictionary)) {
      NamedTensors tensors = file.tensors();
      for (TensorHeader header : tensors.headers()) {
        List<Float> values = new ArrayList<>();
        for (float value : tensors.values(header.name())) {
          values.add(value);
        }
        read.put(header.name(), List.of(header.shape(), values));
      }
      return read;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void assertRefused(byte[] bytes, CharSequence... words) {
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOfSatisfying(
            DdpmException.class,
            refused -> assertThat(refused.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContaining("model.pth")
        .satisfies(refused -> assertThat(refused.getMessage()).contains(words));
  }

  private static byte[] dictionaryOf(String name, String value, Map<String, byte[]> storages) {
    return zip(pickle(dictionary(Map.of(name, value))), storages);
  }

  @Test
  void readsBothForms() {
    byte[] pickle = pickle(dictionary(Map.of("weight", PAIR)));
    Map<String, Object> expected = Map.of("weight", List.of(List.of(2), List.of(1.5f, -2f)));
    assertThat(read(zip(pickle, PAIR_BYTES))).isEqualTo(expected);
    assertThat(read(legacy(pickle, PAIR_BYTES, Float.BYTES))).isEqualTo(expected);
  }

  @Test
  void readsThePicklesThatPyTorchHasWritten() throws IOException {
    for (Map.Entry<String, Integer> written :
        Map.of("labml.pkl", 128, "diffusers.pkl", 450).entrySet()) {
      Object content =
          Pickle.read(
              new PickleInput(
                  new ByteArrayInputStream(TorchBytes.resource(written.getKey())), 1 << 20),
              new PickleNames());
      assertThat(new StateDicts("file", content).choose(Optional.empty()))
          .as(written.getKey())
          .hasSize(written.getValue());
    }
  }

  @Test
  void elementsOfEveryTypeBecomeFloats() {
    Map<String, byte[]> bytes =
        Map.of(
            "HalfStorage",
            littleEndian(12)
                .putShort((short) 0x3c00)
                .putShort((short) 0xc500)
                .putShort((short) 1)
                .putShort((short) 0x7bff)
                .putShort((short) 0x8000)
                .putShort((short) 0x0400)
                .array(),
            "BFloat16Storage",
            littleEndian(4).putShort((short) 0x3f80).putShort((short) 0xc0a0).array(),
            "DoubleStorage",
            littleEndian(8).putDouble(0.1).array(),
            "LongStorage",
            littleEndian(8).putLong(-7).array(),
            "IntStorage",
            littleEndian(4).putInt(1 << 20).array(),
            "ShortStorage",
            littleEndian(2).putShort((short) -3).array(),
            "CharStorage",
            new byte[] {-1},
            "ByteStorage",
            new byte[] {-1},
            "BoolStorage",
            new byte[] {0, 1});
    Map<String, List<Float>> expected =
        Map.of(
            "HalfStorage", List.of(1f, -5f, 0x1p-24f, 65504f, -0f, 0x1p-14f),
            "BFloat16Storage", List.of(1f, -5f),
            "DoubleStorage", List.of(0.1f),
            "LongStorage", List.of(-7f),
            "IntStorage", List.of(1048576f),
            "ShortStorage", List.of(-3f),
            "CharStorage", List.of(-1f),
            "ByteStorage", List.of(255f),
            "BoolStorage", List.of(0f, 1f));
    expected.forEach(
        (type, values) ->
            assertThat(
                    read(
                        dictionaryOf(
                            "w",
                            tensor(
                                storage(type, "0", values.size()),
                                0,
                                longs(values.size()),
                                longs(1)),
                            Map.of("0", bytes.get(type)))))
                .as(type)
                .isEqualTo(Map.of("w", List.of(List.of(values.size()), values))));
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void aTensorIsAViewOfItsStorage() {
    String whole = storage("FloatStorage", "5", 6);
    Map<String, String> views = new LinkedHashMap<>();
    views.put("transposed", tensor(whole, 0, longs(3, 2), longs(1, 3)));
    views.put("row", tensor(whole, 3, longs(3), longs(1)));
    views.put("column", tensor(whole, 1, longs(2, 1), longs(3, 99)));
    views.put("repeated", tensor(whole, 5, longs(2, 2), longs(0, 0)));
    views.put("scalar", tensor(whole, 2, longs(), longs()));
    views.put("empty", tensor(whole, 0, longs(0, 4), longs(4, 1)));
    byte[] pickle = pickle(dictionary(views));
    Map<String, byte[]> bytes = Map.of("5", floats(0, 1, 2, 3, 4, 5));
    for (byte[] file : List.of(zip(pickle, bytes), legacy(pickle, bytes, Float.BYTES))) {
      assertThat(read(file))
          .isEqualTo(
              Map.of(
                  "transposed", List.of(List.of(3, 2), List.of(0f, 3f, 1f, 4f, 2f, 5f)),
                  "row", List.of(List.of(3), List.of(3f, 4f, 5f)),
                  "column", List.of(List.of(2, 1), List.of(1f, 4f)),
                  "repeated", List.of(List.of(2, 2), List.of(5f, 5f, 5f, 5f)),
                  "scalar", List.of(List.of(), List.of(2f)),
                  "empty", List.of(List.of(0, 4), List.of())));
    }
  }

  @Test
  void aStateDictIsFoundInATrainingCheckpoint() {
    String parameter =
        "ctorch._utils\n_rebuild_parameter\n(" + PAIR + "\u0088ccollections\nOrderedDict\n)RtR";
    String ordered =
        "ccollections\nOrderedDict\n)R("
            + text("module.w")
            + parameter
            + "u}"
            + text("_metadata")
            + "}sb";
    byte[] checkpoint =
        zip(
            pickle(
                dictionary(
                    Map.of(
                        "state_dict",
                        ordered,
                        "epoch",
                        "K\u0007",
                        "best",
                        "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n("
                            + text("f8")
                            + "K\u0000K\u0001tR(K\u0003tbU\u0001xtR",
                        "optimizer",
                        "}("
                            + text("state")
                            + "}(K\u0000"
                            + dictionary(Map.of("exp_avg", PAIR))
                            + "uu"))),
            PAIR_BYTES);
    assertThat(read(checkpoint)).isEqualTo(Map.of("w", List.of(List.of(2), List.of(1.5f, -2f))));
  }

  @Test
  void ofSeveralStateDictsOneIsChosen() {
    Map<String, String> both = new LinkedHashMap<>();
    both.put("model", dictionary(Map.of("w", PAIR)));
    both.put("ema", dictionary(Map.of("v", PAIR)));
    byte[] file = zip(pickle(dictionary(both)), PAIR_BYTES);
    assertThat(read(file, Optional.of("ema"))).containsOnlyKeys("v");
    assertThatThrownBy(() -> read(file))
        .hasMessageEndingWith("has 2 state dicts: choose one by --state-dict: model, ema.");
    assertThatThrownBy(() -> read(file, Optional.of("average")))
        .hasMessageContaining("--state-dict = average")
        .hasMessageEndingWith("has no such state dict; it has model, ema.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cos\nsystem\n",
        "cposix\nsystem\n",
        "c__builtin__\neval\n",
        "cbuiltins\nexec\n",
        "cbuiltins\n__import__\n",
        "csubprocess\nPopen\n",
        "cbuiltins\ngetattr\n",
        "ctorch.hub\nload\n",
        "cjava.lang\nRuntime\n",
        "cnumpy.core.multiarray\n_reconstruct\n",
        "ctorch\nComplexFloatStorage\n"
      })
  void whatIsNoTensorContainerOrNumberIsRefusedByItsName(String global) {
    String name = global.substring(1).strip().replace('\n', '.');
    String call = global + "(" + text("touch /tmp/never") + "tR";
    assertRefused(dictionaryOf("w", call, Map.of()), "it asks for " + name + ":");
    assertRefused(
        legacy(pickle(dictionary(Map.of("w", call))), Map.of(), 1), "it asks for " + name + ":");
  }

  /** The instructions of protocols 0 and 1 are known too, so that their files are told so. */
  @Test
  void instructionsInLettersAreRead() {
    String items = "(Va\nI01\nVb\nL12L\nVc\nF1.5\np7\n0g7\nVd\nI-3\nd";
    assertRefused(zip(pickle(items), Map.of()), "has no state dict");
    assertRefused(zip(pickle("Ione\n"), Map.of()), "its pickle is damaged");
    assertRefused(zip(pickle("(S'touch never'\nios\nsystem\n"), Map.of()), "asks for os.system:");
    assertRefused(zip(pickle("(cos\nsystem\nVtouch\no"), Map.of()), "asks for os.system:");
    assertRefused(zip(pickle("(o"), Map.of()), "its pickle is damaged");
    assertRefused(zip(pickle("(dp0\nVw\np1\ncposix\nsystem\np2\n"), Map.of()), "posix.system:");
  }

  @Test
  void namesFromTheStackAreRefusedLikewise() {
    assertRefused(
        dictionaryOf("w", text("os") + text("system") + "\u0093", Map.of()),
        "it asks for os.system:");
  }

  @Test
  void aWholeModuleIsRefused() {
    assertRefused(
        dictionaryOf(
            "w",
            "(" + text("module") + "ctorch\nTensor\n" + text("net.py") + text("source") + "tQ",
            Map.of()),
        "whole module");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u0082", "\u0083", "P", "2", "\u0096", "\u0092"})
  void instructionsThatMakeObjectsOrAreOutOfUseAreRefused(String instruction) {
    assertRefused(dictionaryOf("w", instruction, Map.of()), "is the instruction 0x");
  }

  @Test
  void sizesAreComparedWithWhatIsThere() {
    long huge = 1L << 40;
    String announced = storage("FloatStorage", "0", huge);
    String pair = storage("FloatStorage", "0", 2);
    assertRefused(
        dictionaryOf(
            "w", tensor(announced, 0, longs(1 << 20, 1 << 20), longs(1 << 20, 1)), PAIR_BYTES),
        "not within");
    assertRefused(
        dictionaryOf("w", tensor(announced, 0, longs(1 << 20), longs(1)), PAIR_BYTES),
        "the file has only 8 bytes");
    for (String beyond :
        List.of(
            tensor(pair, 0, longs(3), longs(1)),
            tensor(pair, 2, longs(1), longs(1)),
            tensor(pair, -1, longs(1), longs(1)),
            tensor(pair, 1, longs(2), longs(-1)),
            tensor(pair, 0, longs(2), longs(Long.MAX_VALUE)),
            tensor(pair, Long.MAX_VALUE, longs(2), longs(Long.MAX_VALUE)),
            tensor(pair, 0, longs(Integer.MAX_VALUE, Integer.MAX_VALUE), longs(0, 0)))) {
      assertRefused(dictionaryOf("w", beyond, PAIR_BYTES), "not within");
    }
    assertRefused(dictionaryOf("w", tensor(pair, 0, longs(-2), longs(1)), PAIR_BYTES), "extent -2");
    assertRefused(
        dictionaryOf("w", tensor(pair, 0, longs(1 << 30), longs(0)), PAIR_BYTES),
        "1073741824 elements together");
    assertRefused(
        dictionaryOf(
            "w", tensor(storage("FloatStorage", "1", 2), 0, longs(2), longs(1)), PAIR_BYTES),
        "the file has only 0 bytes");
    assertRefused(
        legacy(pickle(dictionary(Map.of("w", PAIR))), Map.of("0", floats(1)), Float.BYTES),
        "the file has only 4 bytes");
  }

  @Test
  void lengthsInAPickleAreComparedWithWhatIsThere() {
    for (String longer :
        List.of(
            "X\u00ff\u00ff\u00ff\u007f",
            "X\u00ff\u00ff\u00ff\u00ff",
            "T\u00ff\u00ff\u00ff\u00ff",
            "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff",
            "\u008e\u0000\u0000\u0000\u0000\u0000\u0001\u0000\u0000")) {
      assertRefused(dictionaryOf("w", longer, Map.of()), "ends within its pickle");
    }
  }

  @Test
  void compressedEntriesAreRefused() {
    byte[] pickle =
        pickle(
            dictionary(
                Map.of(
                    "w",
                    tensor(storage("FloatStorage", "0", 1 << 20), 0, longs(1 << 20), longs(1)))));
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("archive/data.pkl", pickle);
    entries.put("archive/data/0", new byte[4 << 20]);
    assertRefused(zip(entries, ZipEntry.DEFLATED), "its entry archive/data.pkl is compressed");
  }

  @Test
  void aSizeBeyondTheFileIsRefusedBeforeRoomIsMade() {
    String sparse =
        tensor(storage("FloatStorage", "0", 536_870_911), 0, longs(2), longs(536_870_910));
    byte[] file = dictionaryOf("w", sparse, PAIR_BYTES);
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int name = new String(file, StandardCharsets.ISO_8859_1).lastIndexOf("archive/data/0");
    // The entry's two sizes in the directory, whose records have 46 bytes before the name.
    bytes.putInt(name - 46 + 20, Integer.MAX_VALUE).putInt(name - 46 + 24, Integer.MAX_VALUE);
    assertRefused(
        file,
        "its entry archive/data/0 is said to have 2147483647 bytes, but the whole file has only "
            + file.length);
  }

  @Test
  void sharedContainersAreNotCopiedWithoutEnd() {
    // Three dictionaries in each other, each a thousand times: 10^9 ways to the last.
    StringBuilder nested = new StringBuilder("}q\u0000");
    for (int level = 0; level < 3; level++) {
      nested.append("}(");
      for (int key = 0; key < 1000; key++) {
        nested.append(text("k" + key)).append("h\u0000");
      }
      nested.append("uq\u0000");
    }
    assertRefused(zip(pickle(nested.toString()), Map.of()), "more than 1000000 entries");
    // A list of a thousand, copied a hundred thousand times, and a text likewise.
    String set = "cbuiltins\nset\n](" + "N".repeat(1000) + "e\u0085q\u00000";
    String copies = "cbuiltins\nset\nh\u0000R0".repeat(100_000);
    assertRefused(zip(pickle(set + copies), Map.of()), "copies of more than 16777216 elements");
    String encode = "c_codecs\nencode\n" + text("a".repeat(1000)) + "\u0085q\u00000";
    String texts = "c_codecs\nencode\nh\u0000R0".repeat(100_000);
    assertRefused(zip(pickle(encode + texts), Map.of()), "copies of more than 16777216 elements");
  }

  @Test
  void twoEntriesOfOneNameAreRefused() {
    Map<String, byte[]> storages = new LinkedHashMap<>(PAIR_BYTES);
    storages.put("1", floats(3, 4));
    byte[] file = dictionaryOf("w", PAIR, storages);
    ByteBuffer bytes = ByteBuffer.wrap(file);
    int name = new String(file, StandardCharsets.ISO_8859_1).lastIndexOf("archive/data/1");
    bytes.put(name + "archive/data/".length(), (byte) '0');
    assertRefused(file, "it is a zip file with several entries archive/data/0.");
  }

  @Test
  void wrappersOfAnyNumberAreTakenOff() {
    String wrapped = "module.".repeat(200_000);
    Map<String, String> both = new LinkedHashMap<>();
    both.put(wrapped + "a", PAIR);
    both.put(wrapped + "module.b", PAIR);
    assertThat(read(zip(pickle(dictionary(both)), PAIR_BYTES))).containsOnlyKeys("a", "module.b");
  }

  @Test
  void safetensorsAreUnwrappedTooAndHaveNoStateDictsToChooseFrom() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    SafetensorsWriter.write(
        file,
        new NamedTensors()
            .add(new TensorHeader("module.model.a", List.of(2)), new float[] {1, 2})
            .add(new TensorHeader("module.model.b", List.of()), new float[] {3}));

    assertThat(read(file.toByteArray()))
        .isEqualTo(
            Map.of(
                "a", List.of(List.of(2), List.of(1f, 2f)), "b", List.of(List.of(), List.of(3f))));
    assertThatThrownBy(() -> read(file.toByteArray(), Optional.of("ema")))
        .isInstanceOfSatisfying(
            DdpmException.class,
            refused -> assertThat(refused.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageStartingWith("--state-dict = ema: ")
        .hasMessageEndingWith("is a safetensors file, which has one state dict without a name.");
  }

  @Test
  void containersMayContainThemselves() {
    // A list and a dictionary in themselves, and thousands of lists in each other.
    assertRefused(zip(pickle("]q\u0000h\u0000a"), Map.of()), "has no state dict");
    assertRefused(zip(pickle("}q\u0000(" + text("a") + "h\u0000u"), Map.of()), "has no state dict");
    assertRefused(zip(pickle("]".repeat(100_000) + "a".repeat(99_999)), Map.of()), "no state dict");
    assertRefused(zip(pickle("](]]q\u0001h\u0001a]q\u0001e"), Map.of()), "has no state dict");
    assertRefused(zip(pickle("}]q\u0000h\u0000aK\u0001s"), Map.of()), "keys are no texts");
    // Each list has the one before ten times: 10^30 elements for who would walk them.
    assertRefused(
        zip(pickle("]q\u0000" + ("](" + "h\u0000".repeat(10) + "eq\u0000").repeat(30)), Map.of()),
        "has no state dict");
  }

  @Test
  void tooManyInstructionsAreNoModel() {
    assertRefused(zip(pickle("N0".repeat(3_000_000)), Map.of()), "more than 4000000 instructions");
  }

  @Test
  void otherFilesAreRefused() {
    assertRefused("GIF89a and so on".getBytes(StandardCharsets.US_ASCII), "neither");
    assertRefused(new byte[0], "neither");
    assertRefused(pickle(integer(5)), "none of torch.save");
    assertRefused(zip(Map.of("a/b.txt", new byte[3]), ZipEntry.STORED), "no data.pkl in it");
    assertThatThrownBy(() -> WeightsFile.open(folder.resolve("absent"), Optional.empty()))
        .hasMessageEndingWith("absent does not exist.");
  }

  @Test
  void aFileThatIsCutOffAnywhereIsRefused() {
    byte[] pickle = pickle(dictionary(Map.of("weight", PAIR)));
    for (byte[] whole : List.of(zip(pickle, PAIR_BYTES), legacy(pickle, PAIR_BYTES, Float.BYTES))) {
      for (int length = 0; length < whole.length; length++) {
        assertRefused(Arrays.copyOf(whole, length), " ");
      }
    }
  }

  @Test
  void elementsThatChecksumsDoNotFitAreRefused() {
    byte[] file = zip(pickle(dictionary(Map.of("weight", PAIR))), PAIR_BYTES);
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int element = 0;
    while (bytes.getInt(element) != Float.floatToRawIntBits(1.5f)) {
      element++;
    }
    bytes.putFloat(element, 2.5f);
    assertRefused(file, "its entry archive/data/", "is damaged: its checksum is another");

    // PyTorch can leave them out: 14 bytes into an entry, and 16 into what the directory has of it.
    for (int at = 0; at < file.length - Integer.BYTES; at++) {
      if (bytes.getInt(at) == 0x04034b50) {
        bytes.putInt(at + 14, 0);
      } else if (bytes.getInt(at) == 0x02014b50) {
        bytes.putInt(at + 16, 0);
      }
    }
    assertThat(read(file)).isEqualTo(Map.of("weight", List.of(List.of(2), List.of(2.5f, -2f))));
  }

  @Test
  void damagedFilesAreRefusedInOneLine() throws Exception {
    byte[] pickle = pickle(dictionary(Map.of("weight", PAIR, "other", PAIR)));
    for (byte[] good : List.of(zip(pickle, PAIR_BYTES), legacy(pickle, PAIR_BYTES, Float.BYTES))) {
      new Fuzz(good, bytes -> read(bytes))
          .withoutChecksum()
          .refusedAs(DdpmException.Category.USER)
          .run();
    }
  }

  @Test
  void damagedPicklesOfPyTorchAreRefusedInOneLine() throws Exception {
    new Fuzz(
            TorchBytes.resource("labml.pkl"),
            bytes ->
                new StateDicts(
                        "file",
                        Pickle.read(
                            new PickleInput(new ByteArrayInputStream(bytes), bytes.length),
                            new PickleNames()))
                    .choose(Optional.empty()))
        .withoutChecksum()
        .refusedAs(DdpmException.Category.USER)
        .run();
  }

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    NamedTensors tensors =
        new NamedTensors()
            .add(new TensorHeader("a.weight", List.of(2, 3)), new float[] {1, 2, 3, 4, 5, 6})
            .add(new TensorHeader("b", List.of()), new float[] {-0f})
            .add(new TensorHeader("long", List.of(300)), new float[300]);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    TorchWriter.write(file, "model", tensors);
    ByteArrayOutputStream again = new ByteArrayOutputStream();
    TorchWriter.write(again, "model", tensors);
    assertThat(file.toByteArray()).isEqualTo(again.toByteArray());
    assertThat(read(file.toByteArray()))
        .containsEntry("a.weight", List.of(List.of(2, 3), List.of(1f, 2f, 3f, 4f, 5f, 6f)))
        .containsEntry("b", List.of(List.of(), List.of(-0f)))
        .containsOnlyKeys("a.weight", "b", "long");
  }
}
