package dev.ddpm.backend.cuda;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;

/** The NVIDIA cards that this process can see. */
public interface Cards {

  /**
   * Whether there is a driver. Takes no more than milliseconds and prints nothing where there is
   * none.
   */
  boolean hasDriver();

  /**
   * How many there are.
   *
   * @throws DdpmException (environment) if there is no driver, or one that is too old
   */
  int count();

  /**
   * What tells a card from all others, as nvidia-smi writes it: GPU- and hexadecimal digits. Also
   * of a part of a card (MIG), for which nvidia-smi writes MIG- and the same digits.
   */
  String uuid(int card);

  /**
   * Loads what computing on a card takes.
   *
   * @param card its number, from 0
   * @throws DdpmException (environment) if something of it is missing or too old, with the remedy
   */
  void require(int card, Precision precision);

  /**
   * Takes a card into use.
   *
   * @throws DdpmException (environment) as {@link #require}, or if the card refuses
   */
  Device open(int card);
}
