package dev.ddpm.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ClassSequenceTest {

  static Stream<List<Long>> shares() {
    var random = new Random(20);
    List<List<Long>> all = new ArrayList<>();
    all.add(List.of(91L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L));
    all.add(List.of(0L, 500L, 0L, 500L));
    all.add(List.of(5L));
    all.add(List.of(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L));
    for (int i = 0; i < 30; i++) {
      int classes = 2 + random.nextInt(8);
      List<Long> drawn = random.longs(classes, 0, 1 + random.nextInt(200)).boxed().toList();
      all.add(drawn.stream().allMatch(share -> share == 0) ? List.of(1L, 1L) : drawn);
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("shares")
  void theFirstImagesOfAnyNumberHaveTheSharesToLessThanOneImage(List<Long> shares) {
    ClassSequence sequence = ClassSequence.of(shares);
    double all = shares.stream().mapToLong(Long::longValue).sum();
    long[] counts = new long[shares.size()];

    for (int n = 1; n <= 2 * sequence.length(); n++) {
      counts[sequence.classOf(n - 1)]++;
      for (int k = 0; k < counts.length; k++) {
        assertThat(Math.abs(counts[k] - n * shares.get(k) / all))
            .as("class %d of %d", k, n)
            .isLessThan(1);
      }
    }
    for (int k = 0; k < counts.length; k++) {
      assertThat(counts[k]).isEqualTo(2L * sequence.shares().get(k));
    }
  }

  @Test
  void equalSharesTakeTurns() {
    ClassSequence uniform = ClassSequence.uniform(3);

    assertThat(LongStream.range(0, 7).mapToObj(uniform::classOf))
        .containsExactly(0, 1, 2, 0, 1, 2, 0);
    assertThat(uniform.classOf(999_999_999_999L)).isEqualTo(0);
    assertThat(ClassSequence.of(List.of(500L, 0L, 500L)))
        .isEqualTo(ClassSequence.of(List.of(1L, 0L, 1L)));
  }

  @Test
  void sharesThatComeOutTooSeldomAreRefused() {
    assertThat(ClassSequence.of(List.of(1_000_000L, 500_000L)).length()).isEqualTo(3);
    assertThatThrownBy(() -> ClassSequence.of(List.of(1_000_000L, 999_999L)))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "The shares of the classes come out only every 1999999 images, but must within 100000:"
                + " choose rounder numbers.");
  }
}
