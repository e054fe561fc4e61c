package dev.ddpm.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class DropoutTest {
  private static final int ELEMENTS = 200_000;

  private static boolean[] mask(Dropout dropout, long imageKey) {
    boolean[] kept = new boolean[ELEMENTS];
    long key = dropout.maskKey(imageKey);
    for (int i = 0; i < kept.length; i++) {
      kept[i] = Dropout.hash(key, i) < dropout.threshold();
    }
    return kept;
  }

  private static double agreement(boolean[] first, boolean[] second, int shift) {
    int same = 0;
    for (int i = shift; i < first.length; i++) {
      same += first[i] == second[i - shift] ? 1 : 0;
    }
    return (double) same / (first.length - shift);
  }

  @Test
  void keepsTheRequestedShare() {
    for (double rate : new double[] {0, 0.1, 0.5, 0.9}) {
      int kept = 0;
      for (boolean one : mask(new Dropout(rate, 0), 42)) {
        kept += one ? 1 : 0;
      }
      assertThat((double) kept / ELEMENTS).isCloseTo(1 - rate, within(0.005));
    }
    assertThat(new Dropout(0.2, 0).scale()).isEqualTo(1.25f);
  }

  @Test
  void theSameKeyGivesTheSameMask() {
    assertThat(mask(new Dropout(0.3, 7), 5)).isEqualTo(mask(new Dropout(0.3, 7), 5));
  }

  /** Independent masks of rate ½ agree in half of their elements. */
  @Test
  void masksOfOtherImagesLayersAndNeighboursAreIndependent() {
    Dropout dropout = new Dropout(0.5, 1);
    boolean[] mask = mask(dropout, 5);
    assertThat(agreement(mask, mask(dropout, 6), 0)).isCloseTo(0.5, within(0.005));
    assertThat(agreement(mask, mask(new Dropout(0.5, 2), 5), 0)).isCloseTo(0.5, within(0.005));
    for (int shift : new int[] {1, 2, 16, 32, 64, 1024}) {
      assertThat(agreement(mask, mask, shift)).as("shift " + shift).isCloseTo(0.5, within(0.005));
    }
  }
}
