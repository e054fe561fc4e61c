/**
 * The job that makes an image table of files: one class per kind of source ({@link
 * dev.ddpm.spark.ingest.ImageSource}), and {@link dev.ddpm.spark.ingest.IngestJob}, which brings
 * their images to one size, numbers them and writes them.
 */
package dev.ddpm.spark.ingest;
