/**
 * A round of parameter averaging, without DL4J: {@link dev.ddpm.spark.train.round.EpochRows} deals
 * the rows of an epoch out to rounds and workers, a {@link
 * dev.ddpm.spark.train.round.AveragingRound} sends the state to the workers, a {@code RoundWorker}
 * makes the optimiser steps of one of them, and {@link dev.ddpm.spark.train.round.BlockMean}
 * averages the states that they return.
 */
package dev.ddpm.spark.train.round;
