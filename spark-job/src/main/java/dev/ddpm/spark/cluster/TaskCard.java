package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.CardBackend;
import dev.ddpm.backend.CardState;
import dev.ddpm.backend.DeviceChoice;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cuda.CudaBackend;
import dev.ddpm.backend.nd4j.Nd4jNatives;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The card that this thread computes on while it is open: the one that Spark has given to its task
 * ({@code spark.task.resource.gpu.amount}), or else one of the process's own, on which tasks take
 * {@linkplain CardTurns turns}; none if networks are computed on the CPU.
 */
final class TaskCard implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TaskCard.class);

  /** The number of no card. */
  static final int NONE = -1;

  private static final CardTurns TURNS = new CardTurns();

  /** The card whose turn it is for a thread, which does not wait for itself. */
  private static final ThreadLocal<TaskCard> HELD = new ThreadLocal<>();

  private final int number;
  private final boolean inTurn;

  private TaskCard(int number, boolean inTurn) {
    this.number = number;
    this.inTurn = inTurn;
  }

  /**
   * Makes this thread compute on its card.
   *
   * @throws DdpmException (environment) if there is none that can be used
   */
  static TaskCard take(BackendChoice choice) {
    Optional<CardBackend> cards = cards(choice);
    if (cards.isEmpty()) {
      address().filter(given -> !CudaBackend.isIncluded()).ifPresent(TaskCard::useNd4j);
      return new TaskCard(NONE, false);
    }
    TaskCard card =
        address()
            .map(given -> new TaskCard(number(cards.get(), given), false))
            .orElseGet(() -> inTurn(cards.get()));
    cards.get().useCard(card.number);
    return card;
  }

  /**
   * The back end if this task computes on cards. {@code auto} asks whether this thread's card
   * serves: that is made the task's own before, or else the first, in place of what another task
   * has left on the thread.
   */
  static Optional<CardBackend> cards(BackendChoice choice) {
    if (choice.device() == DeviceChoice.AUTO) {
      try {
        new BackendChoice(DeviceChoice.CUDA, choice.precision())
            .cards()
            .ifPresent(
                backend ->
                    backend.useCard(address().map(given -> number(backend, given)).orElse(0)));
      } catch (DdpmException e) {
        // whether cards serve is asked next, and their number again if they do
        LOG.debug("No card for auto", e);
      }
    }
    return choice.cards();
  }

  private static TaskCard inTurn(CardBackend cards) {
    TaskCard held = HELD.get();
    if (held != null) {
      return new TaskCard(held.number, false);
    }
    TaskCard card = new TaskCard(TURNS.take(Math.max(1, cards.cards())), true);
    HELD.set(card);
    return card;
  }

  /**
   * Computes what is known on this task's card, or, if Spark has given it none, on all of this
   * process's. The first of them is this thread's card afterwards.
   *
   * @throws DdpmException (environment) if one cannot be used, or computes something else
   */
  static List<CardState> examine(CardBackend cards, Precision precision) {
    List<CardState> examined =
        address()
            .map(given -> IntStream.of(number(cards, given)))
            .orElseGet(() -> IntStream.range(0, Math.max(1, cards.cards())))
            .mapToObj(
                card -> {
                  cards.useCard(card);
                  return cards.examine(precision);
                })
            .toList();
    cards.useCard(examined.get(0).number());
    return examined;
  }

  /** From 0; {@link #NONE} for none. */
  int number() {
    return number;
  }

  /** The card that Spark has given to this task, as it knows it. */
  static Optional<String> address() {
    return Optional.ofNullable(TaskContext.get())
        .map(task -> task.resourcesJMap().get(GivenGpus.RESOURCE))
        .map(ResourceInformation::addresses)
        .filter(addresses -> addresses.length > 0)
        .map(addresses -> addresses[0]);
  }

  /** The number of a card that Spark knows by its number or UUID. */
  static int number(CardBackend cards, String address) {
    return cards
        .card(address)
        .orElseThrow(
            () ->
                DdpmException.environment(
                    "Spark gave this task the GPU %s, which is none of the %d that its process"
                        + " sees: must be a number as nvidia-smi counts, below %d, or a UUID; use"
                        + " conf/discover-gpus.sh as discovery script, and do not set"
                        + " CUDA_VISIBLE_DEVICES.",
                    address, cards.cards(), cards.cards()));
  }

  private static void useNd4j(String address) {
    if (!Nd4jNatives.isGpu()) {
      throw DdpmException.environment(
          "Spark gave this task the GPU %s, but ND4J computes on the CPU: this job jar, that of"
              + " profile cuda, needs CUDA 11.6 and cuDNN 8.",
          address);
    }
    Nd4jNatives.useDevice(device(address, Nd4jNatives.devices()));
  }

  /**
   * The number of one of ND4J's devices.
   *
   * @param address as the discovery script has told Spark
   * @param devices that this process sees
   * @throws DdpmException (environment) if there is no such device
   */
  static int device(String address, int devices) {
    if (!address.matches("\\d{1,4}") || Integer.parseInt(address) >= devices) {
      throw DdpmException.environment(
          "Spark gave this task the GPU %s: must be a number below %d, the GPUs that the process"
              + " sees; use conf/discover-gpus.sh as discovery script.",
          address, devices);
    }
    return Integer.parseInt(address);
  }

  @Override
  public void close() {
    if (inTurn) {
      HELD.remove();
      TURNS.giveBack(number);
    }
  }
}
