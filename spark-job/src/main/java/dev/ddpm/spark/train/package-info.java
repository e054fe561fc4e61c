/**
 * Training by DL4J parameter averaging: {@link dev.ddpm.spark.train.EpochRows} deals the rows of an
 * epoch out to rounds and workers, {@link dev.ddpm.spark.train.AveragingMaster} runs the rounds, an
 * {@link dev.ddpm.spark.train.AveragingWorker} makes the optimiser steps of one worker in one
 * round, and {@link dev.ddpm.spark.train.BlockMean} averages what the workers return.
 */
package dev.ddpm.spark.train;
