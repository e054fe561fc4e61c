package dev.ddpm.backend;

import java.io.Serializable;

/**
 * A card as a process has found it that computed on it.
 *
 * @param number among the cards that the process sees, from 0
 * @param name what its maker calls it
 * @param uuid tells it from all other cards
 * @param free bytes of its memory that are free beside what a process takes by using it
 * @param all bytes of its memory
 */
public record CardState(int number, String name, String uuid, long free, long all)
    implements Serializable {

  /** As messages name it. */
  public String told() {
    return "GPU %d (%s)".formatted(number, name);
  }
}
