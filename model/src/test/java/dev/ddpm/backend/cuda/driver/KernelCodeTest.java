package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.natives.Bindings;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The compiler of CUDA: no card is needed, but a driver, which its binding is linked to. */
class KernelCodeTest {

  @BeforeAll
  static void load() {
    try {
      Libraries.here().load(List.of("libcudart.so.13", "libnvrtc.so.13"), "CUDA 13");
      Bindings.prepare();
      Loader.load(nvrtc.class);
    } catch (DdpmException | LinkageError e) {
      abort("NVRTC or a driver is not on this machine: " + e.getMessage());
    }
  }

  @Test
  void kernelsAreCompiledForOldAndNewCards() {
    for (int capability : new int[] {75, 90, 120}) {
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
        .hasMessageContaining("kernels.cu cannot be compiled with --gpu-architecture=sm_90 ")
        .hasMessageContaining("\"g\" is undefined");
  }
}
