/**
 * The batch job that draws images from a trained model: {@link dev.ddpm.spark.sample.SampleJob}
 * cuts the sample indices into files ({@link dev.ddpm.spark.sample.ShardPlan}), a {@link
 * dev.ddpm.spark.sample.ShardTask} on an executor draws one with a {@link
 * dev.ddpm.spark.sample.Generator} and commits it with a rename, and the {@link
 * dev.ddpm.spark.sample.Manifest} sums them up.
 */
package dev.ddpm.spark.sample;
