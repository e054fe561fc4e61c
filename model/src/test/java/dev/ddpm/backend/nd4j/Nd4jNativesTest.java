package dev.ddpm.backend.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Nd4jNativesTest {

  @Test
  void aProcessorWithoutAvx2IsRefusedBeforeItMeetsAnIllegalInstruction() {
    assertThatCode(() -> Nd4jNatives.requireAvx2(Set.of("fma", "avx2", "avx512f")))
        .doesNotThrowAnyException();
    assertThatCode(() -> Nd4jNatives.requireAvx2(Set.of())).doesNotThrowAnyException();
    assertThatThrownBy(() -> Nd4jNatives.requireAvx2(Set.of("fma", "avx")))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessageContaining("has no AVX2")
        .hasMessageContaining("mvn -Dnd4j.natives= package");
  }

  /** The job jar carries no build beside the one that is used. */
  @Test
  void theClassPathHasOneBuild() {
    Nd4jNatives.select();
    assertThat(
            Stream.of("", "-onednn-avx2", "-onednn-avx512")
                .filter(
                    build ->
                        getClass()
                                .getClassLoader()
                                .getResource(Nd4jNatives.CPU_LIBRARY.formatted(build))
                            != null))
        .containsExactly(System.getProperty(Nd4jNatives.EXTENSION, ""));
  }

  @Test
  void selectingAgainChangesNothing() {
    Nd4jNatives.select();
    String selected = System.getProperty(Nd4jNatives.EXTENSION);
    Nd4jNatives.select();
    assertThat(System.getProperty(Nd4jNatives.EXTENSION)).isEqualTo(selected);
  }

  @ParameterizedTest
  @CsvSource({"3, 7", "5, 0", "7, 5", "8, 0", "8, 9"})
  void gpusThatTheNativesHaveCodeForAreTaken(int major, int minor) {
    assertThatCode(() -> Nd4jNatives.requireCode(0, "A GPU", major, minor))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"2, 0", "3, 5", "9, 0", "12, 0"})
  void gpusWithoutCodeAreRefusedByName(int major, int minor) {
    assertThatThrownBy(() -> Nd4jNatives.requireCode(1, "NVIDIA H200", major, minor))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith(
            "GPU 1 (NVIDIA H200) has compute capability "
                + major
                + "."
                + minor
                + ": must be 3.7 to 8.9");
  }
}
