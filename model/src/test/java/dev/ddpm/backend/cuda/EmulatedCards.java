package dev.ddpm.backend.cuda;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Cards that this processor emulates.
 *
 * @param count how many
 * @param hasDriver whether there seems to be any
 * @param refusal why none can be used; null if they can
 */
record EmulatedCards(int count, boolean hasDriver, String refusal) implements Cards {
  private static final List<Integer> OPENED = new CopyOnWriteArrayList<>();

  /** The numbers of cards, by the kernels that were started there. */
  private static final Map<String, Set<Integer>> LAUNCHED = new ConcurrentHashMap<>();

  /** Those that can be used. */
  EmulatedCards(int count) {
    this(count, true, null);
  }

  /** The numbers of the cards that were taken into use in this process, each time it was. */
  static List<Integer> opened() {
    return List.copyOf(OPENED);
  }

  /** The numbers of the cards on which a kernel was started in this process. */
  static Set<Integer> launched(String kernel) {
    return Set.copyOf(LAUNCHED.getOrDefault(kernel, Set.of()));
  }

  @Override
  public String uuid(int card) {
    return "GPU-00000000-0000-0000-0000-00000000000" + card;
  }

  @Override
  public void require(int card, Precision precision) {
    if (refusal != null) {
      throw DdpmException.environment("%s", refusal);
    }
    if (card >= count) {
      throw DdpmException.environment("There is no emulated card %d.", card);
    }
  }

  @Override
  public Device open(int card) {
    OPENED.add(card);
    return new EmulatedDevice(
        kernel ->
            LAUNCHED.computeIfAbsent(kernel, first -> ConcurrentHashMap.newKeySet()).add(card));
  }
}
