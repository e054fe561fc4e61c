package dev.ddpm.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
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

  @Test
  void vectorKernelsAreForFloatsOnTheCpu() {
    assertThat(KernelChoice.best(DataType.FLOAT)).isEqualTo(KernelChoice.VECTOR);
    assertThat(KernelChoice.best(DataType.DOUBLE)).isEqualTo(KernelChoice.PORTABLE);
  }
}
