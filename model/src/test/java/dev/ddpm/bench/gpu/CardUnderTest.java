package dev.ddpm.bench.gpu;

import dev.ddpm.backend.CardState;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cuda.CudaBackend;
import dev.ddpm.backend.cuda.Device;
import dev.ddpm.backend.cuda.driver.NvidiaCards;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What is checked.
 *
 * @param device takes the card into use
 * @param engine computes a network on it
 * @param examine asks of it what jobs do before they start
 */
public record CardUnderTest(
    Supplier<Device> device,
    Function<Precision, Engine> engine,
    Function<Precision, CardState> examine) {

  /** The first card of this machine. */
  static CardUnderTest first() {
    CudaBackend backend = new CudaBackend();
    return new CardUnderTest(() -> new NvidiaCards().open(0), backend::create, backend::examine);
  }

  /** The same with one engine per precision, for what is no whole network: it starts sooner. */
  CardUnderTest sharingEngines() {
    Map<Precision, Engine> engines = new EnumMap<>(Precision.class);
    return new CardUnderTest(device, one -> engines.computeIfAbsent(one, engine), examine);
  }
}
