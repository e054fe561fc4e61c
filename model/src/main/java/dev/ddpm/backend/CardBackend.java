package dev.ddpm.backend;

import dev.ddpm.DdpmException;
import java.util.Optional;
import java.util.OptionalInt;

/** A back end with cards of which a process can see several: each network is on one of them. */
public interface CardBackend extends Backend {

  /**
   * How many cards this process sees.
   *
   * @throws DdpmException (environment) if none can be used, with the reason
   */
  int cards();

  /**
   * The number of a card.
   *
   * @param address its number, or its UUID
   * @return empty if this process sees no such card
   * @throws DdpmException (environment) if none can be used, with the reason
   */
  OptionalInt card(String address);

  /** Makes networks that this thread creates from now on compute on a card, the first until now. */
  void useCard(int card);

  /**
   * Computes on this thread's card what is known, and tells what was found there.
   *
   * @throws DdpmException (environment) if the card cannot be used, or computes something else
   */
  CardState examine(Precision precision);

  /**
   * Why this machine's cards do not serve.
   *
   * @return empty if they do, and where nothing lets one expect that there are any
   */
  Optional<String> refusal(Precision precision);
}
