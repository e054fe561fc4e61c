package dev.ddpm.backend.cuda;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.CardBackend;
import dev.ddpm.backend.CardState;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * NVIDIA's cards from compute capability 7.5 on, by CUDA 13, in float32, or with factors that are
 * rounded to TF32 or bfloat16 from 8.0 on. Every network has its own memory on its card and its own
 * queue of work.
 */
public final class CudaBackend implements CardBackend {
  /** By name: a build with ND4J's own support for GPUs has no such class. */
  private static final String CLASS = "dev.ddpm.backend.cuda.driver.NvidiaCards";

  /** Of a thread, so that tasks of one process do not move each other's networks. */
  private static final ThreadLocal<Integer> CHOSEN = ThreadLocal.withInitial(() -> 0);

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

  /**
   * Whether this job jar has a back end for cards: one with ND4J's own natives for them has not.
   */
  public static boolean isIncluded() {
    return OfThisMachine.CARDS.isPresent();
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
    return cards.get().filter(Cards::hasDriver).isPresent() && refusal(precision).isEmpty();
  }

  @Override
  public Optional<String> refusal(Precision precision) {
    if (cards.get().filter(Cards::hasDriver).isEmpty()) {
      return Optional.empty();
    }
    try {
      require(precision);
      return Optional.empty();
    } catch (DdpmException e) {
      return Optional.of(e.getMessage());
    }
  }

  @Override
  public int cards() {
    return included().count();
  }

  @Override
  public OptionalInt card(String address) {
    Cards found = included();
    return IntStream.range(0, found.count())
        .filter(card -> address.equals(Integer.toString(card)) || isUuid(address, found.uuid(card)))
        .findFirst();
  }

  /** A part of a card that was divided (MIG) is a card to the driver, and has another prefix. */
  private static boolean isUuid(String address, String uuid) {
    return address.replaceFirst("^MIG-", "GPU-").equals(uuid);
  }

  @Override
  public void useCard(int card) {
    CHOSEN.set(card);
  }

  private Cards included() {
    return cards
        .get()
        .orElseThrow(
            () ->
                DdpmException.environment(
                    "This job jar is one for ND4J's own natives for CUDA 11.6: build it without"
                        + " -Pcuda, or set backend.device = cpu."));
  }

  private Cards require(Precision precision) {
    if (precision == Precision.FLOAT64) {
      throw DdpmException.environment("Cards compute on float32 values alone, not in float64.");
    }
    Cards found = included();
    found.require(CHOSEN.get(), precision);
    return found;
  }

  @Override
  public Engine create(Precision precision) {
    Device device = require(precision).open(CHOSEN.get());
    try {
      return new CudaEngine(device, precision);
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }

  @Override
  public CardState examine(Precision precision) {
    int card = CHOSEN.get();
    Cards found = require(precision);
    try (Device device = found.open(card)) {
      CardCheck.run(card, device, precision);
      Device.Memory memory = device.memory();
      return new CardState(card, device.name(), found.uuid(card), memory.free(), memory.all());
    }
  }

  @Override
  public String describe(Precision precision) {
    try (Device device = require(precision).open(CHOSEN.get())) {
      return "%s, %s".formatted(device.describe(), precision.name().toLowerCase(Locale.ROOT));
    }
  }
}
