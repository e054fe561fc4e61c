package dev.ddpm.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.cpu.CpuBackend;
import dev.ddpm.backend.nd4j.Nd4jBackend;
import dev.ddpm.backend.nd4j.PortableBackend;
import org.junit.jupiter.api.Test;

class BackendsTest {

  /** A back end that nobody has registered. */
  private interface Unknown extends Backend {}

  @Test
  void theCpusBackEndIsForFloatsAndThePortableOneForTheRest() {
    assertThat(Backends.best(Backend.class, Precision.FLOAT32)).isInstanceOf(CpuBackend.class);
    assertThat(Backends.best(Nd4jBackend.class, Precision.FLOAT64))
        .isInstanceOf(PortableBackend.class);
  }

  @Test
  void theReportNamesBackEndNativesThreadsAndKernels() {
    assertThat(BackendChoice.DEFAULT.describe())
        .matches("ND4J CpuBackend, natives \\S+, \\d+ thread\\(s\\), vector kernels .*oneDNN.*");
    assertThat(new PortableBackend().describe(Precision.FLOAT32))
        .matches("ND4J CpuBackend, .*, portable kernels \\(ND4J operations\\)");
  }

  @Test
  void whereNoneServesThePrecisionIsNamed() {
    assertThatThrownBy(() -> Backends.best(Unknown.class, Precision.FLOAT32))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("No back end on the class path computes in FLOAT32 here");
  }

  @Test
  void whereNothingMultipliesBfloat16ItIsSaidWhatDoes() {
    assertThat(new PortableBackend().serves(Precision.BFLOAT16)).isFalse();
    assertThatThrownBy(() -> new PortableBackend().create(Precision.BFLOAT16))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("bfloat16 cannot be computed on this machine")
        .hasMessageContaining("AVX512-bf16 or AMX")
        .hasMessageContaining("backend.precision = float32");
  }

  @Test
  void whereNoCardIsAskedForThereIsNoTf32() {
    assertThatThrownBy(() -> Backends.best(Backend.class, Precision.TF32))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("TF32 is computed on NVIDIA cards alone")
        .hasMessageContaining("backend.device = cuda");
  }

  @Test
  void theReportNamesTheInstructionsThatMultiplyBfloat16() {
    CpuBackend backend = new CpuBackend();
    assumeTrue(backend.serves(Precision.BFLOAT16), "nothing multiplies bfloat16 here");

    assertThat(backend.describe(Precision.BFLOAT16))
        .matches(".*oneDNN .*, bfloat16 by (AMX|AVX512-bf16)");
    assertThat(backend.describe(Precision.FLOAT32)).doesNotContain("bfloat16");
  }

  @Test
  void theCpusBackEndRefusesFloat64() {
    assertThatThrownBy(() -> new CpuBackend().create(Precision.FLOAT64))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("FLOAT64");
  }
}
