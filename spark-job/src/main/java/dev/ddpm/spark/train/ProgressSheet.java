package dev.ddpm.spark.train;

import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.cluster.WireFloats;
import java.util.List;

/**
 * A contact sheet of what the model draws by now. The sheets of a run can be laid side by side.
 *
 * @param drawn the images
 */
record ProgressSheet(DrawnImages drawn) {
  /** Images of a sheet. */
  static final int IMAGES = 16;

  /** Steps that they are drawn with. */
  static final int STEPS = 50;

  /** The sheet of given weights, as a PNG file. */
  byte[] of(WireFloats weights) {
    ImageShape shape = drawn.shape();
    List<RawImage> images =
        drawn.of(weights, batch -> batch).stream()
            .flatMap(List::stream)
            .map(pixels -> new RawImage(shape.height(), shape.width(), shape.channels(), pixels))
            .toList();
    return ImageCodec.encodePng(ContactSheet.of(IMAGES, shape.height()).compose(images));
  }
}
