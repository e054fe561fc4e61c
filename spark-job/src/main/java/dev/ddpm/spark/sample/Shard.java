package dev.ddpm.spark.sample;

import java.io.Serializable;

/**
 * A file of images that is complete. All of it but name and length is stored in the file's own
 * footer: the rename that gives a file its name is the commit, and needs no second record.
 *
 * @param first first sample index
 * @param count images
 * @param file path within the output folder
 * @param bytes length of the file
 * @param sha256 checksum of the images, see {@link ImageDigest}
 * @param fingerprint fingerprint of the images, see {@link ImageDigest}
 * @param seconds that one task took to draw and write it
 * @param samplerSeconds those of them that the model and the arithmetic of the steps took
 * @param executor which Spark executor that was
 * @param application which Spark application that was
 */
record Shard(
    long first,
    long count,
    String file,
    long bytes,
    String sha256,
    String fingerprint,
    double seconds,
    double samplerSeconds,
    String executor,
    String application)
    implements Serializable {

  /** The indices. */
  IndexRange range() {
    return new IndexRange(first, count);
  }

  /** The same, with name and length of the file. */
  Shard located(String path, long length) {
    return new Shard(
        first,
        count,
        path,
        length,
        sha256,
        fingerprint,
        seconds,
        samplerSeconds,
        executor,
        application);
  }
}
