/**
 * The adapter to dl4j-spark: {@link dev.ddpm.spark.train.dl4j.AveragingMaster} runs the rounds of
 * an epoch behind DL4J's training interfaces. Nothing else in the jobs imports DL4J.
 */
package dev.ddpm.spark.train.dl4j;
