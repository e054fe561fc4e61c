package dev.ddpm.random;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The known answers that come with the reference implementation, Random123. */
class PhiloxTest {
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
  })
  void agreesWithKnownAnswers(String counter, String key, String expected) {
    int[] c = words(counter);
    int[] k = words(key);
    Philox philox = new Philox();

    philox.block(c[0], c[1], c[2], c[3], ((long) k[1] << 32) | Integer.toUnsignedLong(k[0]));

    assertThat(new int[] {philox.word0, philox.word1, philox.word2, philox.word3})
        .containsExactly(words(expected));
  }

  private static int[] words(String hex) {
    String[] parts = hex.split(" ", -1);
    int[] words = new int[parts.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = Integer.parseUnsignedInt(parts[i], 16);
    }
    return words;
  }
}
