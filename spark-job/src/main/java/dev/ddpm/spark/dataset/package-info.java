/**
 * The image table, Parquet with one image per row: its schema ({@link
 * dev.ddpm.spark.dataset.ImageTable}), the description beside it, and the reader that checks one
 * before it is used ({@link dev.ddpm.spark.dataset.ImageTableReader}).
 */
package dev.ddpm.spark.dataset;
