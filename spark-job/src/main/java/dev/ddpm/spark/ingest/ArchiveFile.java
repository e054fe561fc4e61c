package dev.ddpm.spark.ingest;

import java.io.Serializable;

/**
 * An archive of the input.
 *
 * @param path where it is
 * @param name what it is called: its path from the folder on that all archives lie in
 * @param bytes its length
 */
record ArchiveFile(String path, String name, long bytes) implements Serializable {}
