package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ddpm.DdpmException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The compiler of CUDA, which needs no card. */
class KernelCodeTest {

  @BeforeAll
  static void load() {
    try {
      Libraries.here().load(List.of("libnvrtc.so.13"), "CUDA 13");
    } catch (DdpmException e) {
      abort("NVRTC is not on this machine: " + e.getMessage());
    }
  }

  @Test
  void kernelsAreCompiledForEveryKindOfCard() {
    for (int capability : new int[] {75, 80, 86, 89, 90, 100, 120}) {
      assertThat(KernelCode.of(capability)).as("%d", capability).startsWith(0x7f, 'E', 'L', 'F');
    }
  }

  @Test
  void cardsThatTheCompilerDoesNotKnowGetWhatTheirDriverTranslates() {
    String code = new String(KernelCode.of(999), StandardCharsets.US_ASCII);

    assertThat(code).contains(".version").contains(".entry swish");
  }

  @Test
  void anErrorComesWithTheCompilersWords() {
    assertThatThrownBy(() -> KernelCode.compile("__global__ void f() { g(); }", 90))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("kernels.cu cannot be compiled for sm_90")
        .hasMessageContaining("\"g\" is undefined");
  }
}
