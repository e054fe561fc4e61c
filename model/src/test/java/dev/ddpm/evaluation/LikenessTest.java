package dev.ddpm.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class LikenessTest {
  private static final ImageShape SHAPE = new ImageShape(12, 10, 3);

  /** Soft spots, as natural images have them. */
  private static byte[] image(long seed) {
    Random random = new Random(seed);
    double[] centre = random.doubles(12, 0, 10).toArray();
    byte[] image = new byte[SHAPE.size()];
    for (int i = 0; i < image.length; i++) {
      int y = i / 30;
      int x = i / 3 % 10;
      double level = 20 + 10 * random.nextDouble();
      for (int spot = 0; spot < 4; spot++) {
        double distance = Math.pow(y - centre[3 * spot], 2) + Math.pow(x - centre[3 * spot + 1], 2);
        level += 40 * Math.exp(-distance / (1 + centre[3 * spot + 2]));
      }
      image[i] = (byte) Math.min(255, (int) level);
    }
    return image;
  }

  private static byte[] levels(byte[] image, IntUnaryOperator change) {
    byte[] changed = new byte[image.length];
    for (int i = 0; i < image.length; i++) {
      changed[i] = (byte) Math.max(0, Math.min(255, change.applyAsInt(image[i] & 0xff)));
    }
    return changed;
  }

  private static byte[] moved(byte[] image, boolean mirrored, int down, int right) {
    byte[] moved = new byte[image.length];
    for (int y = 0; y < 12; y++) {
      for (int x = 0; x < 10; x++) {
        int fromY = Math.max(0, Math.min(11, y - down));
        int fromX = Math.max(0, Math.min(9, x - right));
        int from = (fromY * 10 + (mirrored ? 9 - fromX : fromX)) * 3;
        System.arraycopy(image, from, moved, (y * 10 + x) * 3, 3);
      }
    }
    return moved;
  }

  @Test
  void copiesAreKnownByWhatWasDoneToThem() {
    byte[] original = image(1);

    assertThat(Likeness.of(original, original, SHAPE))
        .returns(false, Likeness::mirrored)
        .returns(0, Likeness::down)
        .returns(0, Likeness::right)
        .returns("as it is", Likeness::describe)
        .satisfies(same -> assertThat(same.difference()).isLessThan(1e-6));
    Likeness mirrored = Likeness.of(moved(original, true, 0, 0), original, SHAPE);
    assertThat(mirrored.describe()).isEqualTo("mirrored");
    assertThat(mirrored.difference()).isLessThan(1e-6);
    Likeness shifted = Likeness.of(moved(original, false, -1, 1), original, SHAPE);
    assertThat(shifted.describe()).isEqualTo("shifted by (-1, 1) pixels (down, right)");
    assertThat(shifted.difference()).isLessThan(1e-6);
    Likeness all = Likeness.of(levels(moved(original, true, 1, 0), v -> v * 2), original, SHAPE);
    assertThat(all.mirrored()).isTrue();
    assertThat(all.down()).isEqualTo(1);
    assertThat(all.gain()).isCloseTo(2, within(1e-6));
    assertThat(all.describe()).endsWith("levels times 2.00 +0");
  }

  @Test
  void levelsThatWereCutOffAreNoDifference() {
    byte[] original = levels(image(2), v -> v * 2);
    byte[] brighter = levels(original, v -> v * 3 / 2 + 20);
    byte[] darker = levels(original, v -> v - 50);

    assertThat(Likeness.of(brighter, original, SHAPE).difference()).isLessThan(0.02);
    assertThat(Likeness.of(darker, original, SHAPE).difference()).isLessThan(0.02);
  }

  @Test
  void otherImagesAreUnlike() {
    for (int seed = 0; seed < 20; seed++) {
      assertThat(Likeness.of(image(seed), image(seed + 100), SHAPE).difference())
          .isGreaterThan(0.2);
    }
    byte[] flat = new byte[SHAPE.size()];
    assertThat(Likeness.of(flat, image(1), SHAPE).difference()).isEqualTo(1);
    assertThat(Likeness.of(flat, flat, SHAPE)).returns(0.0, Likeness::difference);
  }

  /** A negative of an image explains it, but is not what a model makes that remembers. */
  @Test
  void aNegativeIsNoCopy() {
    byte[] original = image(3);

    assertThat(Likeness.of(levels(original, v -> 255 - v), original, SHAPE).difference())
        .isGreaterThan(0.2);
  }

  @Test
  void thumbnailsOfCopiesAreNear() {
    byte[] original = image(4);
    FeatureRows own = thumbnails(original);

    assertThat(squared(thumbnails(levels(original, v -> v + 40)), own)).isLessThan(1e-6);
    assertThat(squared(thumbnails(moved(original, true, 0, 0)), Thumbnail.mirrored(own)))
        .isLessThan(1e-9);
    double shifted = squared(thumbnails(moved(original, false, 0, 1)), own);
    for (int seed = 10; seed < 20; seed++) {
      assertThat(squared(thumbnails(image(seed)), own)).isGreaterThan(2 * shifted);
    }
  }

  @Test
  void aFlatImageHasAThumbnailOfZeros() {
    assertThat(squared(thumbnails(new byte[SHAPE.size()]), new FeatureRows(new float[64], 1, 64)))
        .isZero();
  }

  private static FeatureRows thumbnails(byte[] image) {
    float[] values = new float[64];
    try (FeatureExtractor extractor = new Thumbnail().open(SHAPE)) {
      extractor.extract(image, values, 0);
    }
    return new FeatureRows(values, 1, 64);
  }

  private static double squared(FeatureRows a, FeatureRows b) {
    var nearest = NearestNeighbours.in(1, 1);
    Distances.scan(a, b, 0, List.of(nearest));
    return nearest.squared()[0];
  }
}
