package dev.ddpm.backend.nd4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.backend.Backend;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What is different on a GPU. That layers and networks compute the same there is for the golden
 * tests to show, which take the back end that there is.
 */
@RequiresGpu
class GpuTest {

  @Test
  void kernelsAreThePortableOnes() {
    assertThat(Backends.best(Backend.class, Precision.FLOAT32)).isInstanceOf(PortableBackend.class);
    assertThat(BackendChoice.DEFAULT.describe()).contains("JCublasBackend", "-cudnn");
  }

  @Test
  void aProductOfMatricesIsRightOnEveryDevice() {
    int devices = Nd4j.getAffinityManager().getNumberOfDevices();
    assertThat(devices).isPositive();
    for (int device = 0; device < devices; device++) {
      Nd4j.getAffinityManager().unsafeSetDevice(device);
      var ones = Nd4j.ones(DataType.FLOAT, 64, 64);
      assertThat(ones.mmul(ones).sumNumber().doubleValue()).isEqualTo(64.0 * 64 * 64);
    }
  }
}
