/**
 * The batch job that draws images between pairs of images of a table: {@link
 * dev.ddpm.spark.interpolate.InterpolateJob}.
 */
package dev.ddpm.spark.interpolate;
