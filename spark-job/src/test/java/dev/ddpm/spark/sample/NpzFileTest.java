package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.image.RawImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/** Two images of 1×2 pixels, read back by the description of NumPy's format 1.0. */
class NpzFileTest {
  private static final int PREFIX = 10;

  private static byte[] write() throws IOException {
    var out = new ByteArrayOutputStream();
    NpzFile.write(
        out,
        List.of(7L, 8L),
        List.of(
            new RawImage(1, 2, 1, new byte[] {1, 2}), new RawImage(1, 2, 1, new byte[] {3, -1})));
    return out.toByteArray();
  }

  private static Map<String, byte[]> arrays(byte[] file) throws IOException {
    Map<String, byte[]> arrays = new LinkedHashMap<>();
    try (var zip = new ZipInputStream(new ByteArrayInputStream(file))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        arrays.put(entry.getName(), zip.readAllBytes());
      }
    }
    return arrays;
  }

  private static int headerLength(byte[] array) {
    return Byte.toUnsignedInt(array[PREFIX - 2]) + 256 * Byte.toUnsignedInt(array[PREFIX - 1]);
  }

  private static String header(byte[] array) {
    return new String(array, PREFIX, headerLength(array), StandardCharsets.US_ASCII);
  }

  private static byte[] data(byte[] array) {
    return Arrays.copyOfRange(array, PREFIX + headerLength(array), array.length);
  }

  @Test
  void holdsTheImagesAndTheirIndices() throws IOException {
    Map<String, byte[]> arrays = arrays(write());

    assertThat(arrays).containsOnlyKeys("arr_0.npy", "sample_index.npy");
    assertThat(header(arrays.get("arr_0.npy")).strip())
        .isEqualTo("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 2, 1), }");
    assertThat(data(arrays.get("arr_0.npy"))).containsExactly(1, 2, 3, -1);
    assertThat(header(arrays.get("sample_index.npy")).strip())
        .isEqualTo("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }");
    assertThat(data(arrays.get("sample_index.npy")))
        .containsExactly(7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void headersAreAlignedAndEndTheirLine() throws IOException {
    assertThat(arrays(write()).values())
        .allSatisfy(
            array -> {
              assertThat(Arrays.copyOf(array, 8))
                  .isEqualTo(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
              assertThat((PREFIX + headerLength(array)) % 64).isZero();
              assertThat(header(array)).endsWith("\n");
            });
  }

  @Test
  void theSameImagesGiveTheSameBytes() throws IOException {
    assertThat(write()).isEqualTo(write());
  }
}
