package dev.ddpm.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
    assertThat(Backends.describe())
        .matches("ND4J CpuBackend, natives \\S+, \\d+ thread\\(s\\), vector kernels .*oneDNN.*");
    assertThat(new PortableBackend().describe())
        .matches("ND4J CpuBackend, .*, portable kernels \\(ND4J operations\\)");
  }

  @Test
  void whereNoneServesThePrecisionIsNamed() {
    assertThatThrownBy(() -> Backends.best(Unknown.class, Precision.FLOAT32))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("No back end on the class path computes in FLOAT32 here");
  }

  @Test
  void theCpusBackEndRefusesFloat64() {
    assertThatThrownBy(() -> new CpuBackend().create(Precision.FLOAT64))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("FLOAT64");
  }
}
