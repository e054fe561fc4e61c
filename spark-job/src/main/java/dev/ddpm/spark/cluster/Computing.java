package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.CardBackend;
import dev.ddpm.backend.CardState;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
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

  /** On the CPU, or on cards that are not looked at. */
  static Computing ofNoCard(String backend) {
    return new Computing(backend, List.of(), "");
  }

  /**
   * What this process computes with, on this task's card if Spark has given it one.
   *
   * @throws DdpmException (environment) if it cannot, with the reason
   */
  static Computing here(BackendChoice choice) {
    Optional<CardBackend> cards = choice.cards();
    List<CardState> examined =
        cards.map(backend -> TaskCard.examine(backend, choice.precision())).orElse(List.of());
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
