/**
 * Models of other systems: taken into a model folder, and given out of one, on the driver alone.
 */
package dev.ddpm.spark.exchange;
