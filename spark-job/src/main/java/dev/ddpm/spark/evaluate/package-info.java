/**
 * The batch job that says how good a model and its images are. {@link
 * dev.ddpm.spark.evaluate.EvaluateJob} computes {@link dev.ddpm.spark.evaluate.Metric}s: bits per
 * dimension, for which every image of a table is evaluated on an executor with noise of its own;
 * and distances between real and generated images, of features that {@link
 * dev.ddpm.spark.evaluate.FeatureJob} computes once per image and keeps.
 */
package dev.ddpm.spark.evaluate;
