package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.commons.lang3.SerializationUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class WireFloatsTest {

  private static WireFloats throughBytes(WireFloats floats) throws IOException {
    return read(written(floats));
  }

  private static byte[] written(WireFloats floats) throws IOException {
    var bytes = new ByteArrayOutputStream();
    floats.writeTo(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  private static WireFloats read(byte[] bytes) throws IOException {
    return WireFloats.readFrom(new DataInputStream(new ByteArrayInputStream(bytes)));
  }

  /** Five bytes are format and length. */
  @ParameterizedTest
  @EnumSource
  void aFlippedBitIsFound(WireFormat format) throws IOException {
    byte[] bytes = written(new WireFloats(waves(70_000), format));
    for (int at : new int[] {5, bytes.length / 2, bytes.length - 1}) {
      byte[] damaged = bytes.clone();
      damaged[at] ^= 0x10;

      assertThatThrownBy(() -> read(damaged))
          .isInstanceOf(StreamCorruptedException.class)
          .hasMessageMatching(
              "70000 numbers arrived damaged: their checksum is [0-9a-f]{8},"
                  + " that of what was sent [0-9a-f]{8}\\.");
    }
  }

  /** An array that no JVM has: what is told must be the memory, not the numbers left unread. */
  @Test
  void wantOfMemoryIsTold() {
    byte[] bytes = SerializationUtils.serialize(new WireFloats[] {new WireFloats(waves(70_000))});
    ByteBuffer written = ByteBuffer.wrap(bytes);
    int at = 0;
    while (written.get(at) != Float.BYTES || written.getInt(at + 1) != 70_000) {
      at++;
    }
    written.putInt(at + 1, Integer.MAX_VALUE);

    assertThatThrownBy(() -> new ObjectInputStream(new ByteArrayInputStream(bytes)).readObject())
        .isInstanceOf(OutOfMemoryError.class);
  }

  /** Of a length that is no multiple of what is converted at a time. */
  private static float[] waves(int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) (Math.sin(i + 1) * Math.pow(10, i % 30 - 20));
    }
    return values;
  }

  @Test
  void float32IsExact() throws IOException {
    float[] values = waves(200_001);

    WireFloats read = throughBytes(new WireFloats(values));

    assertThat(read.values()).isEqualTo(values);
    assertThat(read.format()).isEqualTo(WireFormat.FLOAT32);
  }

  @ParameterizedTest
  @EnumSource
  void aRangeArrivesAlone(WireFormat format) throws IOException {
    float[] values = new float[200_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 128;
    }

    WireFloats range = new WireFloats(values, 3, 70_001, format);

    assertThat(range.values()).isEqualTo(Arrays.copyOfRange(values, 3, 70_004));
    assertThat(throughBytes(range).values()).isEqualTo(range.values());
    assertThat(SerializationUtils.roundtrip(range).values()).isEqualTo(range.values());
  }

  @Test
  void bfloat16IsWithinItsPrecision() throws IOException {
    float[] values = waves(200_001);

    WireFloats read = throughBytes(new WireFloats(values, WireFormat.BFLOAT16));

    assertThat(read.format()).isEqualTo(WireFormat.BFLOAT16);
    assertThat(read.values()).hasSameSizeAs(values);
    double largest = 0;
    for (int i = 0; i < values.length; i++) {
      largest = Math.max(largest, Math.abs(read.values()[i] - values[i]) / Math.abs(values[i]));
    }
    assertThat(largest).isBetween(0x1p-9, 0x1p-8);
  }

  /** 1 + 2⁻⁸ and 1 + 3·2⁻⁸ lie in the middle of two; the even one is taken. */
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, -0.0",
    "1, 1",
    "-2.5, -2.5",
    "1.00390625, 1",
    "1.01171875, 1.015625",
    "1.00390637, 1.0078125",
    "1.0e-45, 0"
  })
  void bfloat16RoundsToTheNearest(float value, float rounded) throws IOException {
    WireFloats read = throughBytes(new WireFloats(new float[] {value}, WireFormat.BFLOAT16));

    assertThat(read.values()).containsExactly(rounded);
  }

  @ParameterizedTest
  @EnumSource
  void javaSerialisationKeepsTheFormat(WireFormat format) {
    WireFloats read =
        SerializationUtils.roundtrip(new WireFloats(new float[] {1, -0.5f, 3}, format));

    assertThat(read.values()).containsExactly(1, -0.5f, 3);
    assertThat(read.format()).isEqualTo(format);
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsSomething(WireFormat format) throws IOException {
    assertThat(throughBytes(new WireFloats(new float[0], format)).values()).isEmpty();
  }
}
