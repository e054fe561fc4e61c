package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.spark.stored.SamplingPlan;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What an output folder holds, and how it came about: {@value #FILE_NAME}.
 *
 * @param formatVersion version of this document
 * @param settings what decides the images, by key; see {@link SamplingPlan#identity}
 * @param segments how they are cut into files, see {@link ShardPlan}
 * @param complete whether all images that were asked for are there
 * @param images how many are there
 * @param fingerprint of those, see {@link ImageDigest}: equal for equal images, however they were
 *     cut into files
 * @param shards the files, by their first index
 * @param sessions the runs that worked on the folder, in order; a driver that was killed left none
 * @param digests SHA-256 of the files that carry no digest, see {@link SampleContent#digests}
 */
record Manifest(
    int formatVersion,
    Map<String, String> settings,
    List<ShardPlan.Segment> segments,
    boolean complete,
    long images,
    String fingerprint,
    List<Shard> shards,
    List<Session> sessions,
    Map<String, String> digests) {

  static final String FILE_NAME = "manifest.json";
  static final StoredFormat FORMAT =
      StoredFormat.numbered(first -> first.putObject("digests")).withDigestSince(2);

  Manifest {
    settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    segments = List.copyOf(segments);
    shards = List.copyOf(shards);
    sessions = List.copyOf(sessions);
    digests = Collections.unmodifiableMap(new TreeMap<>(digests));
  }

  /**
   * Checks that a manifest can be one: a digest proves only that it is as it was written.
   *
   * @param location of the document, for the message
   * @throws DdpmException (data) naming what is impossible
   */
  void requireSound(String location) {
    plan().wrong().or(this::wrong).ifPresent(wrong -> refuse(location, wrong));
  }

  private static void refuse(String location, String wrong) {
    throw DdpmException.data("%s is damaged: %s.", location, wrong);
  }

  private Optional<String> wrong() {
    Set<IndexRange> free = new HashSet<>(plan().shards(plan().count()));
    for (Shard shard : shards) {
      Optional<String> wrong = shard.wrong();
      if (wrong.isPresent()) {
        return wrong;
      }
      if (!free.remove(shard.range())) {
        return Optional.of(
            "the %d images from %d on are no file of its plan, or are there twice"
                .formatted(shard.count(), shard.first()));
      }
    }
    long there = shards.stream().mapToLong(Shard::count).sum();
    if (images != there || (complete && images != plan().count())) {
      return Optional.of(
          "it has images = %d and complete = %s, but files of %d images out of %d"
              .formatted(images, complete, there, plan().count()));
    }
    if (!fingerprint.equals(
        ImageDigest.fingerprint(shards.stream().map(Shard::fingerprint).toList()))) {
      return Optional.of("its fingerprint is not that of its files");
    }
    return sessions.stream().flatMap(session -> session.wrong().stream()).findFirst();
  }

  /** The manifest of a folder without images. */
  static Manifest empty(Map<String, String> settings) {
    return new Manifest(
        FORMAT.version(),
        settings,
        List.of(),
        false,
        0,
        ImageDigest.fingerprint(List.of()),
        List.of(),
        List.of(),
        Map.of());
  }

  /** How the folder is cut into files. */
  ShardPlan plan() {
    return new ShardPlan(segments);
  }

  /** The same with a plan and the files that are there. */
  Manifest with(ShardPlan plan, List<Shard> committed, List<Session> allSessions) {
    long there = committed.stream().mapToLong(Shard::count).sum();
    return new Manifest(
        FORMAT.version(),
        settings,
        plan.segments(),
        there == plan.count(),
        there,
        ImageDigest.fingerprint(committed.stream().map(Shard::fingerprint).toList()),
        committed,
        allSessions,
        digests);
  }

  /** The same with files that carry no digest of their own, and their digests. */
  Manifest with(Map<String, String> otherDigests) {
    return new Manifest(
        FORMAT.version(),
        settings,
        segments,
        complete,
        images,
        fingerprint,
        shards,
        sessions,
        otherDigests);
  }

  /**
   * A run of the job.
   *
   * @param started when, in ISO 8601
   * @param application id of the Spark application
   * @param imagesDrawn images it added
   * @param seconds from start to end
   * @param imagesPerSecond of the drawing
   * @param slots tasks that ran at a time
   * @param samplerShare share of all slots' time that went into the sampler loop, see {@link
   *     Shard#samplerSeconds}: what is missing to 1 is what the job costs
   * @param failedTasks tasks that had to be run again
   * @param error why it ended early, in one line; empty if it did not
   * @param versions of what computed them
   */
  record Session(
      String started,
      String application,
      long imagesDrawn,
      double seconds,
      double imagesPerSecond,
      int slots,
      double samplerShare,
      long failedTasks,
      String error,
      Map<String, String> versions) {
    private Optional<String> wrong() {
      return imagesDrawn < 0
              || slots < 1
              || failedTasks < 0
              || !(seconds >= 0)
              || !(imagesPerSecond >= 0)
              || !(samplerShare >= 0)
          ? Optional.of("the run of %s has a number that is too small".formatted(started))
          : Optional.empty();
    }

    /** The version that names what computed the images. */
    static final String BACKEND = "backend";
  }
}
