package dev.ddpm.spark.stored;

/**
 * The snapshots of the averages that a run keeps so that others can be made of them, see {@link
 * dev.ddpm.training.KeptProfiles}: model folders {@code profiles/round-000123}. They are evenly
 * spread over the rounds, and thinned out as the run goes on: those are kept whose round is a
 * multiple of the smallest power of two of which there are at most {@value #MOST} up to now, and
 * the last. What was kept before is never needed again once it is not, so that a run which goes on
 * after a fault ends with the same ones.
 */
public final class ProfileSnapshots {
  /** The folder of a run that they are in. */
  public static final String FOLDER = "profiles";

  /** Provenance of a snapshot: images that the run had been trained on. */
  public static final String IMAGES = "profiles.images";

  private static final int MOST = 32;

  private ProfileSnapshots() {}

  /** Whether there is a snapshot of a round, counted from 1, whatever follows. */
  public static boolean isDue(long round) {
    return round % spacing(round) == 0;
  }

  /** Whether a snapshot of an earlier round is still kept when a run has come to a later one. */
  public static boolean isKept(long earlier, long round) {
    return earlier % spacing(round) == 0;
  }

  private static long spacing(long round) {
    long spacing = 1;
    while (round / spacing > MOST) {
      spacing *= 2;
    }
    return spacing;
  }
}
