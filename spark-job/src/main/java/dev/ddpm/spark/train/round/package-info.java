/**
 * A round of parameter averaging, without DL4J: {@link dev.ddpm.spark.train.round.EpochRows} deals
 * the rows of an epoch out to rounds and workers, and {@link dev.ddpm.spark.train.round.BlockMean}
 * averages the states that the workers return.
 */
package dev.ddpm.spark.train.round;
