package dev.ddpm.image;

import dev.ddpm.fuzz.Fuzz;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage to a picture is noticed where its format has checksums, and does no harm elsewhere. */
class ImageCodecFuzzTest {

  private static List<Object> decoded(byte[] bytes) {
    RawImage image = ImageCodec.decode(bytes, "some.picture");
    return List.of(
        image.height(), image.width(), image.channels(), Arrays.hashCode(image.pixels()));
  }

  private static BufferedImage picture(int type) {
    BufferedImage picture = new BufferedImage(23, 17, type);
    SplittableRandom random = new SplittableRandom(3);
    for (int y = 0; y < 17; y++) {
      for (int x = 0; x < 23; x++) {
        picture.setRGB(x, y, 0xff000000 | random.nextInt(1 << 24));
      }
    }
    return picture;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4})
  void ownPng(int channels) throws Exception {
    new Fuzz(ImageCodec.encodePng(Pictures.varied(12, 9, channels)), ImageCodecFuzzTest::decoded)
        .run();
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        BufferedImage.TYPE_INT_RGB,
        BufferedImage.TYPE_INT_ARGB,
        BufferedImage.TYPE_BYTE_INDEXED,
        BufferedImage.TYPE_BYTE_BINARY,
        BufferedImage.TYPE_USHORT_GRAY
      })
  void png(int type) throws Exception {
    new Fuzz(Pictures.file("png", picture(type)), ImageCodecFuzzTest::decoded).run();
  }

  @ParameterizedTest
  @CsvSource({"jpg, 1", "jpg, 10", "gif, 13", "bmp, 1", "bmp, 13"})
  void withoutChecksum(String format, int type) throws Exception {
    new Fuzz(Pictures.file(format, picture(type)), ImageCodecFuzzTest::decoded)
        .withoutChecksum()
        .run();
  }
}
