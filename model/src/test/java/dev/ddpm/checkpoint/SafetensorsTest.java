package dev.ddpm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  private static final List<TensorHeader> TENSORS =
      List.of(
          new TensorHeader("weight", List.of(2, 3)),
          new TensorHeader("empty", List.of(0, 5)),
          new TensorHeader("step", List.of()),
          new TensorHeader("long", List.of(40_000)));
  private static final float[] WEIGHT = {1, -2, 3.5f, Float.MIN_VALUE, -0f, Float.NaN};

  @Test
  void readsWhatItWrote() throws IOException {
    float[] many = new float[40_000];
    for (int i = 0; i < many.length; i++) {
      many[i] = i * 0.1f;
    }

    try (SafetensorsReader reader = reader(written(many))) {
      assertThat(reader.metadata()).containsExactly(Map.entry("format", "pt"), Map.entry("a", "é"));
      assertThat(reader.tensors()).isEqualTo(TENSORS);
      assertThat(reader.readFloats()).containsExactly(WEIGHT);
      assertThat(reader.readFloats()).isEmpty();
      assertThat(reader.readFloats()).containsExactly(1e30f);
      assertThat(reader.readFloats()).containsExactly(many);
      reader.expectEnd();
    }
  }

  /** The layout that other implementations expect, spelled out. */
  @Test
  void writesTheDocumentedLayout() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SafetensorsWriter writer =
        new SafetensorsWriter(out, List.of(new TensorHeader("x", List.of(2))), Map.of())) {
      writer.write(new float[] {1, 2});
    }

    String json = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  ";
    assertThat(json.length() % 8).isZero();
    assertThat(out.toByteArray())
        .containsExactly(file(json, new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40}));
  }

  @ParameterizedTest
  @CsvSource({
    "4,     shorter than 8 bytes",
    "20,    the file ends within its header",
    "400,   the file ends within tensor weight",
    "-1,    the file ends within tensor long"
  })
  void namesTheFileWhereItIsCutOff(int length, String message) throws IOException {
    byte[] whole = written(new float[40_000]);
    int header = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    int kept = length == 400 ? header + 5 : length < 0 ? whole.length + length : length;

    assertThatThrownBy(() -> readAll(Arrays.copyOf(whole, kept)))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("some.safetensors: ")
        .hasMessageContaining(message);
  }

  @Test
  void refusesDataAfterTheLastTensor() throws IOException {
    byte[] whole = written(new float[40_000]);
    assertThatThrownBy(() -> readAll(Arrays.copyOf(whole, whole.length + 1)))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("some.safetensors: data follow after the last tensor");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'x':{'dtype':'F16','shape':[2],'data_offsets':[0,4]}} | tensor x has elements of type"
            + " F16",
        "{'x':{'dtype':'I64','shape':[1],'data_offsets':[0,8]}} | tensor x has elements of type"
            + " I64, but only F32 can be read",
        "{'x':{'shape':[2],'data_offsets':[0,4]}} | tensor x has elements of type none",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}} | needs 8 bytes",
        "{'x':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | tensor x has the shape [-2]",
        "{'x':{'dtype':'F32','shape':'2','data_offsets':[0,8]}} | tensor x has the shape \"2\"",
        "{'x':{'dtype':'F32','shape':[65536,65536],'data_offsets':[0,8]}} | too many elements",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0]}} | tensor x has the data_offsets [0]",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}} | data_offsets [-8,0]",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0.5,8]}} | data_offsets [0.5,8]",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8.5]}} | data_offsets [0,8.5]",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,9223372036854775808]}} | data_offsets"
            + " [0,",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[9223372036854775800,9223372036854775807]}}"
            + " | needs 8 bytes",
        "{'x':{'dtype':'F32','shape':[2147483000],'data_offsets':[0,8589932000]}} | the file ends"
            + " within tensor x",
        "{'x':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | begin at byte 4",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'y':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | tensor y begin at byte 4",
        "{'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'x':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | Duplicate field 'x'",
        "{'__metadata__':{'k':1}} | metadata k is 1",
        "[] | not a JSON object",
        "{} {} | not valid JSON",
        "{'x': | not valid JSON"
      })
  void refusesHeadersThatDoNotDescribeTheData(String header, String message) {
    assertThatThrownBy(() -> readAll(file(header.replace('\'', '"'), new byte[8])))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("some.safetensors: ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 100_000_001, Long.MAX_VALUE, -1})
  void refusesImpossibleHeaderLengths(long length) {
    byte[] bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
    assertThatThrownBy(() -> readAll(bytes))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("not a safetensors file")
        .hasMessageContaining(Long.toUnsignedString(length));
  }

  @Test
  void writesNoOtherTensorsThanAnnounced() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SafetensorsWriter writer =
        new SafetensorsWriter(out, List.of(new TensorHeader("x", List.of(2))), Map.of());
    assertThatThrownBy(() -> writer.write(new float[3])).hasMessageContaining("not one of 3 F32");
    assertThatThrownBy(writer::close).hasMessageContaining("tensor x was never written");
  }

  private static byte[] written(float[] many) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "pt");
    metadata.put("a", "é");
    try (SafetensorsWriter writer = new SafetensorsWriter(out, TENSORS, metadata)) {
      writer.write(WEIGHT);
      writer.write(new float[0]);
      writer.write(new float[] {1e30f});
      writer.write(many);
    }
    return out.toByteArray();
  }

  private static byte[] file(String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  private static SafetensorsReader reader(byte[] bytes) throws IOException {
    return new SafetensorsReader(new ByteArrayInputStream(bytes), "some.safetensors");
  }

  private static void readAll(byte[] bytes) throws IOException {
    try (SafetensorsReader reader = reader(bytes)) {
      for (TensorHeader tensor : reader.tensors()) {
        assertThat(reader.readFloats()).hasSize((int) tensor.size());
      }
      reader.expectEnd();
    }
  }
}
