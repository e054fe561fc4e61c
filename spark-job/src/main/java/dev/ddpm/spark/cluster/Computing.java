package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.CardState;
import java.io.Serializable;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a process computes networks with.
 *
 * @param backend back end, natives and kernels of the tensor library, in one line
 * @param cards those that it may compute on, which have been examined; none if it is the CPU
 * @param passedOver why it is the CPU although a card would do and there seems to be one; empty if
 *     it is not so
 */
record Computing(String backend, List<CardState> cards, String passedOver) implements Serializable {
  /** What this process has found, by check and address of the task's card. */
  private static final Map<String, Computing> FOUND = new HashMap<>();

  /** On the CPU, or on cards that are not looked at. */
  static Computing ofNoCard(String backend) {
    return new Computing(backend, List.of(), "");
  }

  /**
   * What this process computes with, on this task's card if Spark has given it one. Tasks of the
   * same check look once, one after the other: what one has on a card is not free to another.
   *
   * @param check a name of the check that no other has
   * @throws DdpmException (environment) if it cannot, with the reason
   */
  static Computing here(BackendChoice choice, String check) {
    synchronized (FOUND) {
      FOUND.keySet().removeIf(key -> !key.startsWith(check));
      String key = check + TaskCard.address().orElse("");
      Computing known = FOUND.get(key);
      if (known == null) {
        known = find(choice);
        FOUND.put(key, known);
      }
      return known;
    }
  }

  private static Computing find(BackendChoice choice) {
    List<CardState> examined =
        TaskCard.cards(choice)
            .map(backend -> TaskCard.examine(backend, choice.precision()))
            .orElse(List.of());
    return new Computing(choice.describe(), examined, choice.passedOver().orElse(""));
  }

  /** With the cards that other tasks of the process have examined. */
  Computing with(Computing other) {
    List<CardState> all =
        Stream.concat(
                cards.stream(),
                other.cards.stream()
                    .filter(card -> cards.stream().noneMatch(c -> c.number() == card.number())))
            .sorted(Comparator.comparingInt(CardState::number))
            .toList();
    return new Computing(backend, all, passedOver);
  }
}
