package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import org.junit.jupiter.api.Test;

class ImageShapeTest {

  /** 2³¹ values and more would be a negative length. */
  @Test
  void asManyImagesAreComputedTogetherAsAnArrayHolds() {
    var shape = new ImageShape(256, 256, 4);

    assertThatNoException().isThrownBy(() -> shape.requireTogether(8191, "micro-batch"));
    assertThatThrownBy(() -> shape.requireTogether(8192, "micro-batch"))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "micro-batch = 8192: at most 8191 images of 256×256×4 can be computed together.");
  }
}
