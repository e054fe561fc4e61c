/** Samplers compared by what they make of the same noise. */
package dev.ddpm.spark.compare;
