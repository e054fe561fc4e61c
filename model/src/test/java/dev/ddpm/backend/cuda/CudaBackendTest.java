package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.CardState;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.Precision;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaBackendTest {

  private static CudaBackend backend(boolean hasDriver, String refusal) {
    return new CudaBackend(() -> Optional.of(new EmulatedCards(2, hasDriver, refusal)));
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
    assertThat(backend.refusal(Precision.FLOAT32)).contains("The card is asleep.");
    assertThat(backend(true, null).refusal(Precision.FLOAT32)).isEmpty();
    assertThat(backend(false, "No driver.").refusal(Precision.FLOAT32)).isEmpty();
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

  @Test
  void cardsAreFoundByNumberAndUuid() {
    CudaBackend backend = backend(true, null);

    assertThat(backend.cards()).isEqualTo(2);
    assertThat(backend.card("1")).hasValue(1);
    assertThat(backend.card("GPU-00000000-0000-0000-0000-000000000001")).hasValue(1);
    assertThat(backend.card("MIG-00000000-0000-0000-0000-000000000001")).hasValue(1);
    assertThat(backend.card("2")).isEmpty();
    assertThat(backend.card("-1")).isEmpty();
    assertThat(backend.card("GPU-c0ffee")).isEmpty();
    assertThat(backend.card("MIG-c0ffee")).isEmpty();
    assertThat(backend.card("")).isEmpty();
  }

  /** Tasks of one process are threads. */
  @Test
  void eachThreadHasItsCard() throws Exception {
    CudaBackend backend = backend(true, null);
    int before = EmulatedCards.opened().size();
    backend.useCard(1);
    try {
      Thread other = new Thread(() -> backend.create(Precision.FLOAT32));
      other.start();
      other.join();
      backend.create(Precision.FLOAT32);
    } finally {
      backend.useCard(0);
    }

    List<Integer> opened = EmulatedCards.opened();
    assertThat(opened.subList(before, opened.size())).containsExactly(0, 1);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "TF32", "BFLOAT16"})
  void aSoundCardIsTold(Precision precision) {
    assertThat(backend(true, null).examine(precision))
        .isEqualTo(
            new CardState(
                0,
                "emulated card",
                "GPU-00000000-0000-0000-0000-000000000000",
                8L << 30,
                16L << 30));
  }
}
