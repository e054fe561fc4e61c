package dev.ddpm.spark.sample;

import java.io.Serializable;
import java.util.Optional;
import java.util.regex.Pattern;

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

  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  /**
   * What cannot be true of a file of images, in half a sentence.
   *
   * <p>A footer is as it was written if its file is intact; a document that lists files may come
   * from anywhere.
   */
  Optional<String> wrong() {
    if (first < 0 || count < 1 || first > IndexRange.MOST - count) {
      return Optional.of("it lists a file of %d images from %d on".formatted(count, first));
    }
    if (bytes < 1 || !(seconds >= 0) || !(samplerSeconds >= 0)) {
      return Optional.of("%s has a number that is too small".formatted(file));
    }
    if (!DIGEST.matcher(sha256).matches() || !DIGEST.matcher(fingerprint).matches()) {
      return Optional.of("%s has a checksum that is none".formatted(file));
    }
    String name = ShardTable.IMAGES.folder() + "/" + ShardFiles.fileName(range());
    return file.equals(name)
        ? Optional.empty()
        : Optional.of("it lists %s in the place of %s".formatted(file, name));
  }

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
