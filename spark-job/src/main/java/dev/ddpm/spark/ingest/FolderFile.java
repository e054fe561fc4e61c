package dev.ddpm.spark.ingest;

/**
 * A file below a folder.
 *
 * @param name relative to the folder, with slashes
 * @param bytes its length
 */
record FolderFile(String name, long bytes) {}
