package dev.ddpm.spark.train;

import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.cluster.WireFloats;
import java.util.List;

/**
 * A contact sheet of what the model draws by now, with a column for each class where there are few.
 * The sheets of a run can be laid side by side.
 *
 * @param drawn the images
 */
record ProgressSheet(DrawnImages drawn) {
  /** Images of a sheet, unless columns of classes need a few more. */
  private static final int IMAGES = 16;

  /** Steps that they are drawn with. */
  static final int STEPS = 50;

  /**
   * Images of a sheet of a model.
   *
   * @param classes that it knows
   */
  static int images(int classes) {
    return classes > 0 && classes <= IMAGES ? classes * ((IMAGES + classes - 1) / classes) : IMAGES;
  }

  /** The sheet of given weights, as a PNG file. */
  byte[] of(WireFloats weights) {
    ImageShape shape = drawn.shape();
    List<RawImage> images =
        drawn.of(weights, () -> batch -> batch).stream()
            .flatMap(List::stream)
            .map(pixels -> new RawImage(shape.height(), shape.width(), shape.channels(), pixels))
            .toList();
    ContactSheet usual = ContactSheet.of(IMAGES, shape.height());
    int classes = drawn.classes();
    ContactSheet sheet =
        classes > 0 && classes <= IMAGES
            ? new ContactSheet(classes, usual.margin(), usual.scale(), usual.background())
            : usual;
    return ImageCodec.encodePng(sheet.compose(images));
  }
}
