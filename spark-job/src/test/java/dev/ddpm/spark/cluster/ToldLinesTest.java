package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ToldLinesTest {
  private final ToldLines lines = new ToldLines();

  @Test
  void anApplicationHearsALineOnce() {
    assertThat(lines.isNews("app-1", "2 slots")).isTrue();
    assertThat(lines.isNews("app-1", "3 slots")).isTrue();
    assertThat(lines.isNews("app-1", "2 slots")).isFalse();
  }

  @Test
  void anotherApplicationHearsItToo() {
    lines.isNews("app-1", "2 slots");
    assertThat(lines.isNews("app-2", "2 slots")).isTrue();
    assertThat(lines.isNews("app-2", "2 slots")).isFalse();
  }
}
