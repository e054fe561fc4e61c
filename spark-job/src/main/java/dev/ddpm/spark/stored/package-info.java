/**
 * A stored model opened for inference, and the settings under which images are drawn from one: what
 * the jobs share that use a trained model.
 */
package dev.ddpm.spark.stored;
