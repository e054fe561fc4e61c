/**
 * The image table, Parquet with one image per row: its schema ({@link
 * dev.ddpm.spark.dataset.ImageTable}), the job that makes one from files ({@link
 * dev.ddpm.spark.dataset.IngestJob}), and the reader that checks one before it is trained on
 * ({@link dev.ddpm.spark.dataset.ImageTableReader}).
 */
package dev.ddpm.spark.dataset;
