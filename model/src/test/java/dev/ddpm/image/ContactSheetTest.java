package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContactSheetTest {

  @Test
  void laysImagesOutByRows() {
    List<RawImage> images =
        List.of(Pictures.of(1, 1, 1, 10), Pictures.of(1, 1, 1, 20), Pictures.of(1, 1, 1, 30));

    RawImage sheet = new ContactSheet(2, 1, 1, new Rgb(7, 7, 7)).compose(images);

    assertThat(sheet)
        .isEqualTo(
            Pictures.of(
                5, 5, 1, 7, 7, 7, 7, 7, 7, 10, 7, 20, 7, 7, 7, 7, 7, 7, 7, 30, 7, 7, 7, 7, 7, 7, 7,
                7));
  }

  @Test
  void enlargesPixelsToSquares() {
    RawImage sheet =
        new ContactSheet(1, 0, 2, Rgb.BLACK)
            .compose(List.of(Pictures.of(1, 2, 3, 1, 2, 3, 4, 5, 6)));

    assertThat(sheet)
        .isEqualTo(
            Pictures.of(
                2, 4, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6));
  }

  @Test
  void aRowIsNotWiderThanItsImages() {
    RawImage sheet =
        new ContactSheet(8, 2, 1, Rgb.WHITE).compose(List.of(Pictures.of(1, 1, 4, 1, 2, 3, 4)));

    assertThat(sheet.shape()).isEqualTo("5×5×4");
    assertThat(sheet.at(2, 2, 3)).isEqualTo(4);
    assertThat(sheet.at(0, 0, 3)).isEqualTo(255);
  }

  @Test
  void theUsualSheetIsSquareAndLegible() {
    assertThat(ContactSheet.of(64, 28)).isEqualTo(new ContactSheet(8, 2, 2, Rgb.WHITE));
    assertThat(ContactSheet.of(5, 256)).isEqualTo(new ContactSheet(3, 2, 1, Rgb.WHITE));
  }

  @Test
  void fitsWhatCanBeComposed() {
    var sheet = new ContactSheet(2, 0, 1, Rgb.WHITE);
    var half = new ImageShape(4096, 4096, 1);
    assertThat(sheet.fits(4, half)).isTrue();
    assertThat(sheet.fits(5, half)).isFalse();
    assertThat(new ContactSheet(Integer.MAX_VALUE, 2, 64, Rgb.WHITE).fits(Integer.MAX_VALUE, half))
        .isFalse();
  }

  @Test
  void refusesWhatCannotBeLaidOut() {
    ContactSheet sheet = new ContactSheet(2, 1, 1, Rgb.WHITE);

    assertThatThrownBy(() -> sheet.compose(List.of())).hasMessageContaining("at least one image");
    assertThatThrownBy(
            () -> sheet.compose(List.of(Pictures.varied(2, 2, 1), Pictures.varied(2, 2, 3))))
        .hasMessageContaining("images of one shape, but has 2×2×1 and 2×2×3");
    assertThatThrownBy(() -> new ContactSheet(0, 1, 1, Rgb.WHITE))
        .hasMessageContaining("0 columns, margin 1 and scale 1 is impossible");
    assertThatThrownBy(
            () ->
                new ContactSheet(100, 0, 100, Rgb.WHITE)
                    .compose(Collections.nCopies(10_000, Pictures.of(1, 1, 1, 0))))
        .hasMessageContaining("10000×10000 pixels (height×width): at most 67108864");
  }
}
