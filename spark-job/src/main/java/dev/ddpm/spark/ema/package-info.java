/** Averages of a run's weights over time, made after the fact, on the driver alone. */
package dev.ddpm.spark.ema;
