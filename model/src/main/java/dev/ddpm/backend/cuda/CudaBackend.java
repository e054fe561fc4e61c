package dev.ddpm.backend.cuda;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * NVIDIA's cards from compute capability 7.5 on, by CUDA 13, in float32, or with factors that are
 * rounded to TF32 or bfloat16 from 8.0 on. Every network has the card that was chosen last to
 * itself: its own memory there and its own queue of work.
 */
public final class CudaBackend implements Backend {
  /** By name: a build with ND4J's own support for GPUs has no such class. */
  private static final String CLASS = "dev.ddpm.backend.cuda.driver.NvidiaCards";

  private static final AtomicInteger CHOSEN = new AtomicInteger();

  private final Supplier<Optional<Cards>> cards;

  /** The cards of this machine, which are looked for when somebody asks for them. */
  public CudaBackend() {
    this(() -> OfThisMachine.CARDS);
  }

  CudaBackend(Supplier<Optional<Cards>> cards) {
    this.cards = cards;
  }

  private static final class OfThisMachine {
    static final Optional<Cards> CARDS = find();

    private static Optional<Cards> find() {
      try {
        return Optional.of(
            Class.forName(CLASS).asSubclass(Cards.class).getDeclaredConstructor().newInstance());
      } catch (ReflectiveOperationException | LinkageError e) {
        return Optional.empty();
      }
    }
  }

  /** Makes new networks of this process compute on a card, counted from 0. */
  public static void useCard(int card) {
    CHOSEN.set(card);
  }

  @Override
  public boolean onRequest() {
    return true;
  }

  /** {@inheritDoc} One is enough: it is not chosen by its rank. */
  @Override
  public int rank() {
    return 1;
  }

  @Override
  public boolean serves(Precision precision) {
    if (cards.get().filter(Cards::hasDriver).isEmpty()) {
      return false;
    }
    try {
      require(precision);
      return true;
    } catch (DdpmException e) {
      return false;
    }
  }

  private Cards require(Precision precision) {
    if (precision == Precision.FLOAT64) {
      throw DdpmException.environment("Cards compute on float32 values alone, not in float64.");
    }
    Cards found =
        cards
            .get()
            .orElseThrow(
                () ->
                    DdpmException.environment(
                        "This job jar is one for ND4J's own natives for CUDA 11.6: build it without"
                            + " -Pcuda, or set backend.device = cpu."));
    found.require(CHOSEN.get(), precision);
    return found;
  }

  @Override
  public Engine create(Precision precision) {
    Device device = require(precision).open(CHOSEN.get());
    try {
      return new CudaEngine(device, precision);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }

  @Override
  public String describe(Precision precision) {
    try (Device device = require(precision).open(CHOSEN.get())) {
      return "%s, %s".formatted(device.describe(), precision.name().toLowerCase(Locale.ROOT));
    }
  }
}
