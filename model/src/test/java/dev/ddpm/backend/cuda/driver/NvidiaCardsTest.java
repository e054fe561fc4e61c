package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user is told of a machine whose card cannot be used: by drivers that are made for it. */
class NvidiaCardsTest {
  private static final String NO_DRIVER = "libno-driver-of-this-name.so.1";

  @TempDir Path folder;

  private NvidiaCards cards(String driver) {
    return new NvidiaCards(driver, new Libraries(List.of()));
  }

  private static void assertRefused(NvidiaCards cards, Precision precision, String... parts) {
    assertThatThrownBy(() -> cards.require(0, precision))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> {
              assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT);
              assertThat(e.getMessage()).contains(parts).doesNotContain("\n").endsWith(".");
            });
  }

  @Test
  void withoutADriverThereIsNone() {
    NvidiaCards cards = cards(NO_DRIVER);

    assertThat(cards.hasDriver()).isFalse();
    assertRefused(
        cards,
        Precision.FLOAT32,
        "There is no NVIDIA driver here (" + NO_DRIVER + ")",
        "version 580 or newer",
        "backend.device = cpu");
    assertThatThrownBy(() -> cards.open(0)).hasMessageContaining("There is no NVIDIA driver here");
  }

  @Test
  void aDriverForOlderCudaIsRefused() throws Exception {
    NvidiaCards cards = cards(driver(12_040, 0, 1, 90));

    assertThat(cards.hasDriver()).isTrue();
    assertRefused(
        cards, Precision.FLOAT32, "is for CUDA 12.4: must be for CUDA 13.0 or newer", "580");
  }

  @Test
  void aDriverThatDoesNotStartIsNamedWithItsError() throws Exception {
    assertRefused(
        cards(driver(13_000, 999, 1, 90)),
        Precision.FLOAT32,
        "does not start (cuInit: CUDA_ERROR_OF_TEST)",
        "nvidia-smi");
  }

  @Test
  void aDriverWithoutCardsIsToldFromNone() throws Exception {
    assertRefused(
        cards(driver(13_000, 100, 0, 90)),
        Precision.FLOAT32,
        "shows no GPU 0 to this process, which sees 0",
        "CUDA_VISIBLE_DEVICES");
    assertRefused(
        cards(driver(13_000, 0, 0, 90)), Precision.FLOAT32, "shows no GPU 0 to this process");
  }

  @Test
  void cardsHaveNumbersAndUuids() throws Exception {
    NvidiaCards cards = cards(driver(13_000, 0, 2, 90));

    assertThat(cards.count()).isEqualTo(2);
    assertThat(cards.uuid(1)).isEqualTo("GPU-01f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
    assertThatThrownBy(() -> cards(NO_DRIVER).count())
        .hasMessageContaining("There is no NVIDIA driver here");
    assertThatThrownBy(() -> cards(driver(12_040, 0, 1, 90)).count())
        .hasMessageContaining("is for CUDA 12.4");
  }

  @Test
  void anOldCardIsRefused() throws Exception {
    assertRefused(
        cards(driver(13_000, 0, 1, 70)),
        Precision.FLOAT32,
        "GPU 0 (Card of Test) has compute capability 7.0: CUDA 13 needs 7.5 or newer");
  }

  @Test
  void shortFactorsNeedALaterCard() throws Exception {
    String driver = driver(13_010, 0, 1, 75);

    assertRefused(
        cards(driver), Precision.TF32, "capability 7.5: backend.precision = tf32 needs 8.0");
    assertRefused(
        cards(driver),
        Precision.BFLOAT16,
        "capability 7.5: backend.precision = bfloat16 needs 8.0");
  }

  /** A driver's library with what is asked of it. */
  private String driver(int version, int start, int cards, int capability) throws Exception {
    Path source = folder.resolve("driver.cpp");
    Path library =
        folder.resolve("driver-%d-%d-%d-%d.so".formatted(version, start, cards, capability));
    Files.writeString(
        source,
        """
        #include <cstring>
        extern "C" {
        int cuDriverGetVersion(int* version) { *version = %d; return 0; }
        int cuInit(unsigned) { return %d; }
        int cuDeviceGetCount(int* count) { *count = %d; return 0; }
        int cuDeviceGetName(char* name, int, int) { std::strcpy(name, "Card of Test"); return 0; }
        int cuDeviceGetAttribute(int* value, int attribute, int) {
          *value = attribute == 75 ? %d : %d;
          return 0;
        }
        int cuGetErrorName(int, const char** name) { *name = "CUDA_ERROR_OF_TEST"; return 0; }
        int cuDeviceGetUuid_v2(unsigned char* uuid, int card) {
          for (int i = 0; i < 16; i++) uuid[i] = 0xf0 + i;
          uuid[0] = card;
          return 0;
        }
        }
        """
            .formatted(version, start, cards, capability / 10, capability % 10));
    StubLibraries.compile(source, library);
    return library.toString();
  }
}
