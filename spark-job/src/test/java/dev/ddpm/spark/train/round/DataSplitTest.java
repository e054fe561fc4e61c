package dev.ddpm.spark.train.round;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataSplitTest {
  private static final long IMAGES = 101;

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1, 0.5})
  void everyUsableImageIsOnOneSideWithANumberOfItsOwn(double fraction) {
    var split = new DataSplit(IMAGES, new long[] {0, 17, 18, 100}, fraction, 7);

    assertThat(rows(split).filter(OptionalLong::isPresent).mapToLong(OptionalLong::getAsLong))
        .containsExactlyInAnyOrderElementsOf(numbers(split.training()));
    assertThat(
            LongStream.range(0, IMAGES)
                .mapToObj(split::heldOutRow)
                .filter(OptionalLong::isPresent)
                .mapToLong(OptionalLong::getAsLong))
        .containsExactlyInAnyOrderElementsOf(numbers(split.heldOut()));
    assertThat(split.heldOut()).isEqualTo(Math.round(97 * fraction));
    assertThat(split.training() + split.heldOut() + split.unusable()).isEqualTo(IMAGES);
  }

  @Test
  void unusableImagesAreOnNeitherSide() {
    var split = new DataSplit(IMAGES, new long[] {17}, 0.2, 7);

    assertThat(split.isUsable(17)).isFalse();
    assertThat(split.isUsable(16)).isTrue();
    assertThat(split.trainingRow(17)).isEmpty();
    assertThat(split.heldOutRow(17)).isEmpty();
  }

  @Test
  void withoutHeldOutAndUnusableImagesRowsAreIds() {
    var split = new DataSplit(IMAGES, new long[0], 0, 7);

    assertThat(LongStream.range(0, IMAGES).map(id -> split.trainingRow(id).getAsLong()))
        .containsExactlyElementsOf(numbers(IMAGES));
  }

  @Test
  void anotherSeedHoldsOutOtherImages() {
    List<OptionalLong> first = rows(new DataSplit(IMAGES, new long[0], 0.3, 1)).toList();

    assertThat(rows(new DataSplit(IMAGES, new long[0], 0.3, 1)).toList()).isEqualTo(first);
    assertThat(rows(new DataSplit(IMAGES, new long[0], 0.3, 2)).toList()).isNotEqualTo(first);
  }

  private static Stream<OptionalLong> rows(DataSplit split) {
    return LongStream.range(0, IMAGES).mapToObj(split::trainingRow);
  }

  private static List<Long> numbers(long count) {
    return LongStream.range(0, count).boxed().toList();
  }
}
