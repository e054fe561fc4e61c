package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ChannelPolicyTest {
  private static final Rgb BACKGROUND = new Rgb(200, 100, 0);

  private static RawImage convert(Channels channels, RawImage image) {
    return new ChannelPolicy(channels, BACKGROUND).apply(image);
  }

  @Test
  void keepsWhatFits() {
    for (Channels channels : Channels.values()) {
      RawImage image = Pictures.varied(2, 2, channels.count());
      assertThat(convert(channels, image)).isSameAs(image);
    }
  }

  @Test
  void colourBecomesLuma() {
    RawImage primaries = Pictures.of(1, 4, 3, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255);

    assertThat(convert(Channels.GREY, primaries)).isEqualTo(Pictures.of(1, 4, 1, 76, 150, 29, 255));
  }

  @Test
  void greySurvivesTheWayToColourAndBack() {
    RawImage grey = Pictures.varied(16, 16, 1);

    assertThat(convert(Channels.RGB, Pictures.of(1, 1, 1, 9)))
        .isEqualTo(Pictures.of(1, 1, 3, 9, 9, 9));
    assertThat(convert(Channels.RGBA, Pictures.of(1, 1, 1, 9)))
        .isEqualTo(Pictures.of(1, 1, 4, 9, 9, 9, 255));
    assertThat(convert(Channels.GREY, convert(Channels.RGBA, convert(Channels.RGB, grey))))
        .isEqualTo(grey);
  }

  @Test
  void droppedAlphaShowsTheBackground() {
    RawImage image = Pictures.of(1, 3, 4, 10, 20, 30, 255, 10, 20, 30, 0, 10, 20, 30, 51);

    assertThat(convert(Channels.RGB, image))
        .isEqualTo(Pictures.of(1, 3, 3, 10, 20, 30, 200, 100, 0, 162, 84, 6));
    assertThat(convert(Channels.GREY, image)).isEqualTo(Pictures.of(1, 3, 1, 18, 118, 98));
  }

  @Test
  void coloursAreReadFromHexadecimal() {
    assertThat(Rgb.parse("#c86400")).isEqualTo(BACKGROUND).hasToString("#c86400");
    assertThat(Rgb.parse("FFFFFF")).isEqualTo(Rgb.WHITE);
    assertThatThrownBy(() -> Rgb.parse("white"))
        .hasMessageContaining("'white' is not a colour: six hexadecimal digits");
    assertThatThrownBy(() -> new Rgb(0, 256, 0)).hasMessageContaining("(0, 256, 0)");
  }
}
