/**
 * Training: {@link dev.ddpm.spark.train.TrainJob} checks, prepares and resumes; a {@link
 * dev.ddpm.spark.train.TrainingRun} takes the rounds over, writes checkpoints and decides when it
 * is enough. How a round is made stands in {@code train.round}, how DL4J runs it in {@code
 * train.dl4j}.
 */
package dev.ddpm.spark.train;
