package dev.ddpm.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LossByTimestepTest {

  @Test
  void gathersInRangesOfEqualWidth() {
    var losses = new LossByTimestep(1000);
    losses.add(0, 1);
    losses.add(99, 3);
    losses.add(100, 5);
    losses.add(999, 7);

    assertThat(losses.byRange())
        .containsExactly(2.0, 5.0, null, null, null, null, null, null, null, 7.0);
    assertThat(losses.mean()).isEqualTo(4);
    assertThat(losses.images()).isEqualTo(4);
  }

  @Test
  void partsAddUp() {
    var whole = new LossByTimestep(10);
    var part = new LossByTimestep(10);
    whole.add(9, 1);
    part.add(9, 2);
    whole.add(part);

    assertThat(whole.mean()).isEqualTo(1.5);
    assertThat(whole.byRange().get(9)).isEqualTo(1.5);
  }

  @Test
  void nothingHasNoMean() {
    assertThat(new LossByTimestep(10).mean()).isNaN();
  }
}
