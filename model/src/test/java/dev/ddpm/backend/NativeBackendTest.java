package dev.ddpm.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;

class NativeBackendTest {

  @Test
  void theVariantIsTheWidestThatTheProcessorRuns() {
    Set<String> avx512 = Set.of("fma", "avx2", "avx512f", "avx512bw", "avx512dq", "avx512vl");
    assertThat(NativeBackend.variant(avx512)).contains("-onednn-avx512");
    assertThat(NativeBackend.variant(Set.of("fma", "avx2", "avx512f"))).contains("-onednn-avx2");
    assertThat(NativeBackend.variant(Set.of("avx"))).isEmpty();
    assertThat(NativeBackend.variant(Set.of())).isEmpty();
  }

  @Test
  void selectingAgainChangesNothing() {
    NativeBackend.select();
    String selected = System.getProperty(NativeBackend.EXTENSION);
    NativeBackend.select();
    assertThat(System.getProperty(NativeBackend.EXTENSION)).isEqualTo(selected);
  }

  @Test
  void theReportNamesBackEndNativesThreadsAndKernels() {
    assertThat(NativeBackend.describe())
        .contains("CpuBackend", "natives", "thread(s)", "vector kernels");
  }

  @ParameterizedTest
  @CsvSource({"3, 7", "5, 0", "7, 5", "8, 0", "8, 9"})
  void gpusThatTheNativesHaveCodeForAreTaken(int major, int minor) {
    assertThatCode(() -> NativeBackend.requireCode(0, "A GPU", major, minor))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"2, 0", "3, 5", "9, 0", "12, 0"})
  void gpusWithoutCodeAreRefusedByName(int major, int minor) {
    assertThatThrownBy(() -> NativeBackend.requireCode(1, "NVIDIA H200", major, minor))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith(
            "GPU 1 (NVIDIA H200) has compute capability "
                + major
                + "."
                + minor
                + ": must be 3.7 to 8.9");
  }

  @Test
  void vectorKernelsAreForFloatsOnTheCpu() {
    assertThat(KernelChoice.best(DataType.FLOAT)).isEqualTo(KernelChoice.VECTOR);
    assertThat(KernelChoice.best(DataType.DOUBLE)).isEqualTo(KernelChoice.PORTABLE);
  }
}
