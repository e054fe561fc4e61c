package dev.ddpm.spark.stored;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ProfileSnapshotsTest {

  private static Set<Long> kept(long round) {
    return LongStream.rangeClosed(1, round)
        .filter(earlier -> ProfileSnapshots.isKept(earlier, round))
        .boxed()
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void aLongRunHas17To32() {
    assertThat(kept(5)).containsExactly(1L, 2L, 3L, 4L, 5L);
    for (long round = 33; round < 3000; round++) {
      assertThat(kept(round)).hasSizeBetween(16, 32);
    }
    assertThat(kept(100)).hasSize(25).contains(4L, 8L, 100L);
  }

  /** Otherwise a run that goes on would lack some. */
  @Test
  void whatIsKeptWasThereBefore() {
    Set<Long> there = new TreeSet<>();
    for (long round = 1; round < 3000; round++) {
      if (ProfileSnapshots.isDue(round)) {
        there.add(round);
      }
      long now = round;
      there.removeIf(earlier -> !ProfileSnapshots.isKept(earlier, now));
      assertThat(there).isEqualTo(kept(round));
    }
  }
}
