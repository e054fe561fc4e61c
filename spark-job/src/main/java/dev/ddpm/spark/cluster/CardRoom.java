package dev.ddpm.spark.cluster;

import dev.ddpm.backend.CardState;

/**
 * A card that networks of a job will be on.
 *
 * @param card as it was found
 * @param where it is, as in "executor 1 on node-7"; empty for this process
 * @param networks that are there at a time
 */
record CardRoom(CardState card, String where, int networks) {

  /** As messages name it. */
  String told() {
    return where.isEmpty() ? card.told() : card.told() + " of " + where;
  }
}
