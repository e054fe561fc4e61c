package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ToldLinesTest {
  private final ToldLines lines = new ToldLines();

  @Test
  void anApplicationHearsWhatHasChanged() {
    assertThat(lines.isNews("app-1", "slots", "2 slots")).isTrue();
    assertThat(lines.isNews("app-1", "driver", "2 slots")).isTrue();
    assertThat(lines.isNews("app-1", "slots", "2 slots")).isFalse();
    assertThat(lines.isNews("app-1", "slots", "3 slots")).isTrue();
    assertThat(lines.isNews("app-1", "slots", "2 slots")).isTrue();
  }

  @Test
  void anotherApplicationHearsItToo() {
    lines.isNews("app-1", "slots", "2 slots");
    assertThat(lines.isNews("app-2", "slots", "2 slots")).isTrue();
    assertThat(lines.isNews("app-2", "slots", "2 slots")).isFalse();
  }
}
