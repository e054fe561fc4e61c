package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import org.junit.jupiter.api.Test;

class RawImageTest {

  @Test
  void isComparedByContent() {
    RawImage image = Pictures.varied(2, 3, 3);

    assertThat(image)
        .isEqualTo(Pictures.varied(2, 3, 3))
        .hasSameHashCodeAs(Pictures.varied(2, 3, 3));
    assertThat(image).isNotEqualTo(Pictures.varied(3, 2, 3));
    image.pixels()[17]++;
    assertThat(image).isNotEqualTo(Pictures.varied(2, 3, 3));
  }

  @Test
  void addressesRowsThenColumnsThenChannels() {
    RawImage image = Pictures.of(1, 2, 3, 1, 2, 3, 4, 250, 6);

    assertThat(image.at(0, 1, 1)).isEqualTo(250);
    assertThat(image).hasToString("RawImage[1×2×3]");
  }

  @Test
  void refusesImpossibleShapes() {
    assertThatThrownBy(() -> new RawImage(0, 4, 1, new byte[0]))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("0×4 pixels (height×width) is empty");
    assertThatThrownBy(() -> new RawImage(1, 1, 2, new byte[2]))
        .hasMessageContaining("2 channels is not supported: 1 (grey), 3 (RGB) or 4 (RGBA) are");
    assertThatThrownBy(() -> new RawImage(2, 2, 3, new byte[11]))
        .hasMessageContaining("needs 12 bytes, but has 11");
    assertThatThrownBy(() -> new RawImage(1 << 16, 1 << 16, 1, new byte[0]))
        .hasMessageContaining("needs 4294967296 bytes");
  }
}
