package dev.ddpm.spark.sample;

import dev.ddpm.image.AnimatedGif;
import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The pictures in an output folder, by which one sees what is in its tables. */
final class SamplePictures {
  static final String SHEET = "contact-sheet.png";
  static final String STRIP = "trajectories.png";
  static final String ANIMATION = "trajectories.gif";

  private static final int SHEET_IMAGES = 64;
  private static final int STRIP_IMAGES = 8;
  private static final int ANIMATED_IMAGES = 16;
  private static final double FRAME_SECONDS = 0.2;
  private static final double LAST_FRAME_SECONDS = 2;

  private final SampleFolder folder;
  private final List<IndexRange> ranges;

  /**
   * Pictures of a folder.
   *
   * @param ranges the files of the folder, in order
   */
  SamplePictures(SampleFolder folder, List<IndexRange> ranges) {
    this.folder = folder;
    this.ranges = ranges;
  }

  /** Writes the sheet of the first images. */
  void writeSheet(long images) throws IOException {
    List<RawImage> first = read(ShardTable.IMAGES, (int) Math.min(images, SHEET_IMAGES));
    write(SHEET, sheet(first));
  }

  /**
   * Writes the strip of the first trajectories, one row each, and their animation.
   *
   * @param frames of each trajectory
   */
  void writeTrajectories(long images, int frames) throws IOException {
    int animated = (int) Math.min(images, ANIMATED_IMAGES);
    List<RawImage> first = read(ShardTable.TRAJECTORIES, animated * frames);
    List<RawImage> strip = first.subList(0, Math.min(animated, STRIP_IMAGES) * frames);
    ContactSheet usual = ContactSheet.of(strip.size(), strip.get(0).height());
    write(
        STRIP,
        ImageCodec.encodePng(
            new ContactSheet(frames, usual.margin(), usual.scale(), usual.background())
                .compose(strip)));
    List<RawImage> animation = new ArrayList<>();
    for (int frame = 0; frame < frames; frame++) {
      List<RawImage> atFrame = new ArrayList<>();
      for (int image = 0; image < animated; image++) {
        atFrame.add(first.get(image * frames + frame));
      }
      animation.add(ContactSheet.of(animated, atFrame.get(0).height()).compose(atFrame));
    }
    write(ANIMATION, AnimatedGif.encode(animation, FRAME_SECONDS, LAST_FRAME_SECONDS));
  }

  private static byte[] sheet(List<RawImage> images) {
    return ImageCodec.encodePng(
        ContactSheet.of(images.size(), images.get(0).height()).compose(images));
  }

  private List<RawImage> read(ShardTable table, int rows) throws IOException {
    List<RawImage> images = new ArrayList<>(rows);
    for (IndexRange range : ranges) {
      if (images.size() < rows) {
        folder
            .files(table)
            .rows(
                range,
                (row, image) -> {
                  images.add(image);
                  return images.size() < rows;
                });
      }
    }
    return images;
  }

  private void write(String name, byte[] picture) throws IOException {
    folder.store().create(name, out -> out.write(picture));
  }
}
