package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.ddpm.DdpmException;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageCodecTest {
  private static final Path PICTURES = Path.of("src/test/resources/pictures");

  /** Decoders of these may differ by a rounding or two. */
  private static final Pattern JPEG = Pattern.compile("jpe?g");

  /** The decoder of WebP does not smooth colours from one pixel to the next as Pillow's does. */
  private static final Pattern LOSSY_WEBP = Pattern.compile("lossy.*webp");

  @ParameterizedTest
  @CsvSource({"1,1,1", "28,28,1", "5,9,1", "7,4,3", "4,7,4", "1,300,3", "300,1,4"})
  void pngComesBackAsItWas(int height, int width, int channels) {
    RawImage image = Pictures.varied(height, width, channels);

    byte[] png = ImageCodec.encodePng(image);

    assertThat(ImageCodec.isPng(png)).isTrue();
    assertThat(ImageCodec.decode(png, "x")).isEqualTo(image);
    assertThat(ImageCodec.encodePng(image)).isEqualTo(png);
  }

  @Test
  void pngIsReadByOtherDecoders() throws IOException {
    BufferedImage read =
        ImageIO.read(
            new ByteArrayInputStream(
                ImageCodec.encodePng(Pictures.of(1, 2, 4, 1, 2, 3, 255, 9, 8, 7, 128))));

    assertThat(read.getRGB(0, 0)).isEqualTo(0xff010203);
    assertThat(read.getRGB(1, 0)).isEqualTo(0x80090807);
  }

  @Test
  void smoothPicturesAreCompressed() {
    byte[] pixels = new byte[64 * 64];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i / 64 + i % 64);
    }

    assertThat(ImageCodec.encodePng(new RawImage(64, 64, 1, pixels))).hasSizeLessThan(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "bmp"})
  void losslessFormatsKeepColours(String format) {
    BufferedImage picture = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    picture.setRGB(0, 0, 0x0a141e);
    picture.setRGB(2, 1, 0xfffefd);

    RawImage image = ImageCodec.decode(Pictures.file(format, picture), "x");

    assertThat(image.shape()).isEqualTo("2×3×3");
    assertThat(Arrays.copyOf(image.pixels(), 3)).containsExactly(10, 20, 30);
    assertThat(Arrays.copyOfRange(image.pixels(), 15, 18)).containsExactly(-1, -2, -3);
  }

  @Test
  void jpegIsReadAsColourOrGrey() {
    BufferedImage colour = new BufferedImage(16, 8, BufferedImage.TYPE_3BYTE_BGR);
    BufferedImage grey = new BufferedImage(16, 8, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 128; i++) {
      colour.setRGB(i % 16, i / 16, 0xc86432);
      grey.getRaster().setSample(i % 16, i / 16, 0, 77);
    }

    RawImage fromColour = ImageCodec.decode(Pictures.file("jpeg", colour), "x");
    assertThat(fromColour.shape()).isEqualTo("8×16×3");
    assertThat(fromColour.at(3, 3, 0)).isBetween(198, 202);
    assertThat(fromColour.at(3, 3, 2)).isBetween(48, 52);
    RawImage fromGrey = ImageCodec.decode(Pictures.file("jpeg", grey), "x");
    assertThat(fromGrey.shape()).isEqualTo("8×16×1");
    assertThat(fromGrey.at(3, 3, 0)).isEqualTo(77);
  }

  @Test
  void greyKeepsItsStoredValues() {
    BufferedImage picture = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 256; i++) {
      picture.getRaster().setSample(i, 0, 0, i);
    }

    RawImage image = ImageCodec.decode(Pictures.file("png", picture), "x");

    for (int i = 0; i < 256; i++) {
      assertThat(image.at(0, i, 0)).isEqualTo(i);
    }
  }

  @Test
  void sixteenBitsAreRoundedToEight() {
    BufferedImage picture = new BufferedImage(4, 1, BufferedImage.TYPE_USHORT_GRAY);
    picture.getRaster().setPixels(0, 0, 4, 1, new int[] {0, 257 * 9 + 128, 257 * 9 + 129, 65535});

    RawImage image = ImageCodec.decode(Pictures.file("png", picture), "x");

    assertThat(image).isEqualTo(Pictures.of(1, 4, 1, 0, 9, 10, 255));
  }

  @Test
  void greyWithAlphaBecomesFourChannels() {
    ComponentColorModel model =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_GRAY),
            true,
            false,
            Transparency.TRANSLUCENT,
            DataBuffer.TYPE_BYTE);
    WritableRaster raster = model.createCompatibleWritableRaster(2, 1);
    raster.setPixels(0, 0, 2, 1, new int[] {50, 255, 60, 7});
    BufferedImage picture = new BufferedImage(model, raster, false, null);

    assertThat(ImageCodec.decode(Pictures.file("png", picture), "x"))
        .isEqualTo(Pictures.of(1, 2, 4, 50, 50, 50, 255, 60, 60, 60, 7));
  }

  @Test
  void palettesBecomeGreyOrColour() {
    byte[] ramp = {0, 85, (byte) 170, (byte) 255};
    byte[] zero = new byte[4];
    IndexColorModel greys = new IndexColorModel(2, 4, ramp, ramp, ramp);
    IndexColorModel reds = new IndexColorModel(2, 4, ramp, zero, zero);
    IndexColorModel transparent = new IndexColorModel(2, 4, ramp, zero, zero, 1);

    assertThat(ImageCodec.decode(Pictures.file("png", palettePicture(greys)), "x"))
        .isEqualTo(Pictures.of(1, 2, 1, 85, 255));
    assertThat(ImageCodec.decode(Pictures.file("png", palettePicture(reds)), "x"))
        .isEqualTo(Pictures.of(1, 2, 3, 85, 0, 0, 255, 0, 0));
    assertThat(ImageCodec.decode(Pictures.file("gif", palettePicture(reds)), "x"))
        .isEqualTo(Pictures.of(1, 2, 3, 85, 0, 0, 255, 0, 0));
    assertThat(ImageCodec.decode(Pictures.file("gif", palettePicture(transparent)), "x").channels())
        .isEqualTo(4);
  }

  private static BufferedImage palettePicture(IndexColorModel model) {
    BufferedImage picture = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY, model);
    picture.getRaster().setSample(0, 0, 0, 1);
    picture.getRaster().setSample(1, 0, 0, 3);
    return picture;
  }

  @Test
  void refusesWhatIsNoPicture() {
    byte[] text = "hello, world".getBytes(StandardCharsets.US_ASCII);

    assertThatThrownBy(() -> ImageCodec.decode(text, "cat/1.png"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessage(
            "cat/1.png is not a PNG, JPEG, GIF, BMP, WebP or TIFF file: it begins with the bytes 68"
                + " 65 6c 6c 6f 2c 20 77.");
    assertThatThrownBy(() -> ImageCodec.decode(new byte[0], "void.png"))
        .hasMessageContaining("void.png is empty");
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpeg", "gif", "bmp"})
  void refusesTruncatedFiles(String format) {
    BufferedImage picture = new BufferedImage(32, 32, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < 1024; i++) {
      picture.setRGB(i % 32, i / 32, i * 7919);
    }
    byte[] whole = Pictures.file(format, picture);
    byte[] half = Arrays.copyOf(whole, whole.length * 2 / 3);

    assertThatThrownBy(() -> ImageCodec.decode(half, "half"))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith("half is a damaged")
        .hasMessageContaining(format.toUpperCase(Locale.ROOT) + " file: ");
  }

  @Test
  void noFlippedBitOfAPngPassesUnseen() {
    IndexColorModel palette =
        new IndexColorModel(2, 4, new byte[] {0, 85, 90, 127}, new byte[4], new byte[4]);
    byte[] png = Pictures.file("png", palettePicture(palette));

    for (int bit = 0; bit < 8 * png.length; bit++) {
      byte[] flipped = png.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThatThrownBy(() -> ImageCodec.decode(flipped, "x"))
          .as("bit %d", bit)
          .isInstanceOf(DdpmException.class);
    }
    for (int length = 0; length < png.length; length++) {
      byte[] cut = Arrays.copyOf(png, length);
      assertThatThrownBy(() -> ImageCodec.decode(cut, "x"))
          .as("cut to %d", length)
          .isInstanceOf(DdpmException.class);
    }
  }

  @Test
  void whatFollowsAPngIsNoPartOfIt() {
    RawImage image = Pictures.varied(4, 5, 1);
    byte[] png = ImageCodec.encodePng(image);

    assertThat(ImageCodec.decode(Arrays.copyOf(png, png.length + 7), "x")).isEqualTo(image);
  }

  @Test
  void refusesHugePicturesByTheirHeaderAlone() {
    byte[] bomb = ImageCodec.encodePng(Pictures.varied(1, 1, 1));
    ByteBuffer header = ByteBuffer.wrap(bomb);
    header.putInt(16, 60_000).putInt(20, 50_000);
    CRC32 crc = new CRC32();
    crc.update(bomb, 12, 17);
    header.putInt(29, (int) crc.getValue());

    assertThatThrownBy(() -> ImageCodec.decode(bomb, "bomb.png"))
        .hasMessage(
            "bomb.png is too large: it has 50000×60000 pixels (height×width), and at most 67108864"
                + " in all are decoded.");
  }

  @Test
  void theLimitIsInclusive() {
    byte[] png = ImageCodec.encodePng(Pictures.varied(4, 5, 1));

    assertThat(ImageCodec.decode(png, "x", Orientation.APPLY, 20).shape()).isEqualTo("4×5×1");
    assertThatThrownBy(() -> ImageCodec.decode(png, "x", Orientation.APPLY, 19))
        .hasMessageContaining("at most 19");
  }

  static Stream<Path> pictures() throws IOException {
    try (Stream<Path> files = Files.list(PICTURES)) {
      return files.filter(Files::isRegularFile).sorted().toList().stream();
    }
  }

  /** Pictures of many kinds, with their pixels by Pillow, upright and without profiles. */
  @ParameterizedTest
  @MethodSource("pictures")
  void picturesAreWhatPillowReads(Path file) throws IOException {
    String name = file.getFileName().toString();
    RawImage expected =
        ImageCodec.decode(
            Files.readAllBytes(PICTURES.resolve("expected").resolve(name + ".png")), "expected");

    RawImage image = ImageCodec.decode(Files.readAllBytes(file), name);

    assertThat(image.shape()).isEqualTo(expected.shape());
    int difference = 0;
    for (int i = 0; i < image.pixels().length; i++) {
      difference =
          Math.max(
              difference, Math.abs((image.pixels()[i] & 0xff) - (expected.pixels()[i] & 0xff)));
    }
    int allowed = LOSSY_WEBP.matcher(name).find() ? 5 : JPEG.matcher(name).find() ? 2 : 0;
    assertThat(difference).isLessThanOrEqualTo(allowed);
  }

  /** Damage is refused or not seen, but it ends: decoders of WebP can read on for ever. */
  @ParameterizedTest
  @MethodSource("pictures")
  @Timeout(60)
  void damageIsMetWithOneKindOfError(Path file) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(file.getFileName().toString().hashCode());
    for (int i = 0; i < 60; i++) {
      byte[] damaged =
          i % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
      for (int k = 0; i % 3 != 0 && k < i % 4 + 1; k++) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      assertThat(catchThrowable(() -> ImageCodec.decode(damaged, "x")))
          .satisfiesAnyOf(
              thrown -> assertThat(thrown).isNull(),
              thrown ->
                  assertThat(thrown)
                      .isInstanceOfSatisfying(
                          DdpmException.class,
                          e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA)));
    }
  }

  @Test
  void theOrientationIsIgnoredIfAskedFor() throws IOException {
    byte[] turned = Files.readAllBytes(PICTURES.resolve("exif6.jpg"));

    assertThat(ImageCodec.decode(turned, "x").shape()).isEqualTo("24×16×3");
    assertThat(ImageCodec.decode(turned, "x", Orientation.IGNORE).shape()).isEqualTo("16×24×3");
  }

  @ParameterizedTest
  @CsvSource({
    "0000001866747970686569630000000068656963,a HEIC picture",
    "0000001866747970617669660000000061766966,an AVIF picture",
    "0000000c4a584c200d0a870a,a JPEG XL picture",
    "0000000c6a5020200d0a870a,a JPEG 2000 picture",
    "3842505300010000,a Photoshop picture",
    "3c21444f43545950452068746d6c3e,an HTML page"
  })
  void formatsThatAreNotReadAreNamed(String bytes, String what) {
    byte[] file = HexFormat.of().parseHex(bytes);

    assertThatThrownBy(() -> ImageCodec.decode(file, "IMG_1"))
        .hasMessage(
            "IMG_1 is %s, which cannot be read: a PNG, JPEG, GIF, BMP, WebP or TIFF file is"
                + " needed.",
            what);
  }

  /** A picture with fine detail everywhere, and a texture of its own in each part. */
  private static byte[] photograph(int height, int width) {
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    SplittableRandom random = new SplittableRandom(1);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int value = (int) (128 + 60 * Math.sin(x / 300.0) + 40 * Math.cos(y / (2 + x / 500.0)));
        int noise = random.nextInt(20);
        picture.setRGB(x, y, ((value + noise) << 16) | (value << 8) | (((x + y) / 64) & 0xff));
      }
    }
    return Pictures.file("jpeg", picture);
  }

  private static RawImage small(byte[] jpeg, int height, int width) {
    ResizePolicy policy = new ResizePolicy(height, width, ResizePolicy.Mode.CENTER_CROP, Rgb.WHITE);
    return ImageCodec.prepare(jpeg, "x", Orientation.APPLY, Math.max(height, width), policy::apply);
  }

  private static RawImage smallOfWhole(byte[] jpeg, int height, int width) {
    return new ResizePolicy(height, width, ResizePolicy.Mode.CENTER_CROP, Rgb.WHITE)
        .apply(ImageCodec.decode(jpeg, "x"));
  }

  @Test
  void ofAVeryLargePhotographEverySecondPixelIsEnough() {
    byte[] jpeg = photograph(4200, 4000);

    RawImage part = small(jpeg, 64, 64);
    RawImage whole = smallOfWhole(jpeg, 64, 64);

    double sum = 0;
    int most = 0;
    for (int i = 0; i < part.pixels().length; i++) {
      int difference = Math.abs((part.pixels()[i] & 0xff) - (whole.pixels()[i] & 0xff));
      sum += difference;
      most = Math.max(most, difference);
    }
    assertThat(part).isNotEqualTo(whole);
    assertThat(sum / part.pixels().length).isLessThan(1);
    assertThat(most).isLessThanOrEqualTo(4);
    // Where more than that is wanted of it, it is decoded whole.
    assertThat(small(jpeg, 300, 250)).isEqualTo(smallOfWhole(jpeg, 300, 250));
  }

  @Test
  void aSmallerPhotographIsDecodedWhole() {
    byte[] jpeg = photograph(1200, 1600);

    assertThat(small(jpeg, 32, 32)).isEqualTo(smallOfWhole(jpeg, 32, 32));
  }
}
