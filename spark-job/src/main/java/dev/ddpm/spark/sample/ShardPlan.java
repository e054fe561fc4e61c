package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How the indices of a folder are cut into files: at every number of images that was ever asked
 * for, and in between at the multiples of the shard size of that time. The plan is written down
 * before anything is drawn, and only ever grows at its end. So each index belongs to one file,
 * whatever was asked in which order and whoever is still writing: two jobs that draw the same index
 * write the same file.
 *
 * @param segments stretches of indices, one after the other from 0
 */
record ShardPlan(List<Segment> segments) {

  /** As many files as a driver can keep lists of. */
  private static final int MOST_FILES = 100_000;

  ShardPlan {
    segments = List.copyOf(segments);
  }

  /**
   * Indices that were asked for at one time.
   *
   * @param end the index after the last: how many images were then asked for in all
   * @param shardSize images per file, but for files that reach an end
   */
  record Segment(long end, long shardSize) {}

  /** The plan when a number of images is asked for; one below an earlier one changes nothing. */
  ShardPlan extendedTo(long count, long shardSize) {
    if (count <= count()) {
      return this;
    }
    List<Segment> extended = new ArrayList<>(segments);
    extended.add(new Segment(count, shardSize));
    return new ShardPlan(extended);
  }

  /** The largest number of images asked for so far; 0 if there is none. */
  long count() {
    return segments.isEmpty() ? 0 : segments.get(segments.size() - 1).end();
  }

  /** What cannot be true of a plan, in half a sentence. */
  Optional<String> wrong() {
    long first = 0;
    for (Segment segment : segments) {
      if (segment.end() <= first || segment.end() > IndexRange.MOST || segment.shardSize() < 1) {
        return Optional.of(
            "it has a segment that ends at %d, after one that ends at %d, in files of %d images"
                .formatted(segment.end(), first, segment.shardSize()));
      }
      first = segment.end();
    }
    return files() > MOST_FILES
        ? Optional.of("its plan has %,d files".formatted(files()))
        : Optional.empty();
  }

  /** How many files it has; of a plan of any size. */
  long files() {
    long files = 0;
    long first = 0;
    for (Segment segment : segments) {
      long size = segment.shardSize();
      files += (segment.end() - 1) / size - first / size + 1;
      first = segment.end();
    }
    return files;
  }

  /**
   * Checks that it does not have more files than a job can look after.
   *
   * @throws DdpmException (user) if it does
   */
  void requireFewFiles() {
    if (files() > MOST_FILES) {
      throw DdpmException.user(
          "--count = %d: would be cut into %,d files, but must not be into more than %,d; set a"
              + " larger sampling.shard-size.",
          count(), files(), MOST_FILES);
    }
  }

  /**
   * The files that hold the first images, in order.
   *
   * @param images how many, at most {@link #count}
   */
  List<IndexRange> shards(long images) {
    List<IndexRange> shards = new ArrayList<>();
    long first = 0;
    for (Segment segment : segments) {
      while (first < Math.min(images, segment.end())) {
        long untilMultiple = segment.shardSize() - first % segment.shardSize();
        long end = first + Math.min(untilMultiple, segment.end() - first);
        shards.add(new IndexRange(first, end - first));
        first = end;
      }
    }
    return shards;
  }
}
