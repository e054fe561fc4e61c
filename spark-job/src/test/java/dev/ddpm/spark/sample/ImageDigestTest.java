package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ImageDigestTest {
  private static final byte[] WHITE = {-1, -1};
  private static final byte[] BLACK = {0, 0};

  private static ImageDigest of(long first, byte[]... images) {
    ImageDigest digest = new ImageDigest();
    for (int i = 0; i < images.length; i++) {
      digest.add(first + i, images[i]);
    }
    return digest;
  }

  /** {@code printf '\0\0\0\0\0\0\0\7\377\377' | sha256sum}. */
  @Test
  void anImageIsHashedAsItsIndexAndItsLevels() {
    String expected = "359ccf4b631f210801a08fb99b25dbf14e1ba9c8da2db9a1ae801b1f9abc3be1";

    assertThat(of(7, WHITE).checksum()).isEqualTo(expected);
    assertThat(of(7, WHITE).fingerprint()).isEqualTo(expected);
  }

  @Test
  void theFingerprintOfAWholeIsThatOfItsPartsHoweverCut() {
    String whole = of(0, WHITE, BLACK, BLACK).fingerprint();

    assertThat(
            ImageDigest.fingerprint(
                List.of(of(0, WHITE).fingerprint(), of(1, BLACK, BLACK).fingerprint())))
        .isEqualTo(whole);
    assertThat(of(0, BLACK, WHITE, BLACK).fingerprint()).isNotEqualTo(whole);
  }
}
