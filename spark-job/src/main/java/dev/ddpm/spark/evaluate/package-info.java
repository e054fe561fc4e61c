/**
 * The batch job that says how good a model is: {@link dev.ddpm.spark.evaluate.EvaluateJob} has
 * every image of a table evaluated on an executor, by itself and with noise of its own, and writes
 * bits per dimension, image by image and in the mean.
 */
package dev.ddpm.spark.evaluate;
