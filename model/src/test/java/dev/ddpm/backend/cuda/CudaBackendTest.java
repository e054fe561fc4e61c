package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.Precision;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CudaBackendTest {

  /** A machine with a card, or one whose card is refused. */
  private record Emulated(boolean hasDriver, String refusal) implements Cards {

    @Override
    public void require(int card, Precision precision) {
      if (refusal != null) {
        throw DdpmException.environment("%s", refusal);
      }
    }

    @Override
    public Device open(int card) {
      return new EmulatedDevice();
    }
  }

  private static CudaBackend backend(boolean hasDriver, String refusal) {
    return new CudaBackend(() -> Optional.of(new Emulated(hasDriver, refusal)));
  }

  @Test
  void servesWhereACardIsInAllButFloat64() {
    CudaBackend backend = backend(true, null);

    assertThat(backend.serves(Precision.FLOAT32)).isTrue();
    assertThat(backend.serves(Precision.TF32)).isTrue();
    assertThat(backend.serves(Precision.BFLOAT16)).isTrue();
    assertThat(backend.serves(Precision.FLOAT64)).isFalse();
    assertThat(backend.create(Precision.TF32).precision()).isEqualTo(Precision.TF32);
    assertThat(backend.describe(Precision.TF32)).isEqualTo("a card that is emulated, tf32");
  }

  @Test
  void tellsWhyItDoesNotServe() {
    CudaBackend backend = backend(true, "The card is asleep.");

    assertThat(backend.serves(Precision.FLOAT32)).isFalse();
    assertThatThrownBy(() -> backend.create(Precision.FLOAT32)).hasMessage("The card is asleep.");
    assertThatThrownBy(() -> backend.describe(Precision.FLOAT32)).hasMessage("The card is asleep.");
    assertThat(backend(false, null).serves(Precision.FLOAT32)).isFalse();
    assertThatThrownBy(() -> new CudaBackend(Optional::empty).create(Precision.FLOAT32))
        .hasMessageContaining("build it without -Pcuda");
  }

  @Test
  void isUsedByThoseAloneWhoAskForIt() {
    assertThat(Backends.best(Backend.class, Precision.FLOAT32)).isNotInstanceOf(CudaBackend.class);
    assertThat(Backends.of(DeviceChoice.CPU, Precision.FLOAT32))
        .hasSameClassAs(Backends.best(Backend.class, Precision.FLOAT32));
    assertThat(Backends.of(DeviceChoice.CUDA, Precision.FLOAT32)).isInstanceOf(CudaBackend.class);
    assertThatThrownBy(() -> Backends.best(Backend.class, Precision.TF32))
        .isInstanceOf(DdpmException.class);
  }
}
