package dev.ddpm.spark.sample;

import static java.util.stream.Collectors.toSet;

import dev.ddpm.image.AnimatedGif;
import dev.ddpm.image.CaptionedRows;
import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.stored.DrawnClasses;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The pictures in an output folder, by which one sees what is in its tables. */
final class SamplePictures {
  static final String SHEET = "contact-sheet.png";
  static final String STRIP = "trajectories.png";
  static final String ANIMATION = "trajectories.gif";

  private static final int SHEET_IMAGES = 64;
  private static final int SHEET_COLUMNS = 8;
  private static final int MOST_CLASSES = 32;

  /** Of so many images the sheet shows the first of each class. */
  private static final int SEARCHED_IMAGES = 1024;

  private static final int STRIP_IMAGES = 8;
  private static final int ANIMATED_IMAGES = 16;
  private static final double FRAME_SECONDS = 0.2;
  private static final double LAST_FRAME_SECONDS = 2;

  private final SampleFolder folder;
  private final List<IndexRange> ranges;
  private final DrawnClasses classes;

  /**
   * Pictures of a folder.
   *
   * @param ranges the files of the folder, in order
   */
  SamplePictures(SampleFolder folder, List<IndexRange> ranges) {
    this.folder = folder;
    this.ranges = ranges;
    this.classes = folder.content().classes();
  }

  /** Writes the sheet of the first images; if they have classes, with a row for each. */
  void writeSheet(long images) throws IOException {
    if (classes.exist()) {
      write(SHEET, ImageCodec.encodePng(CaptionedRows.compose(rowsOfClasses(images))));
      return;
    }
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
    write(STRIP, ImageCodec.encodePng(strip(strip, frames)));
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

  private RawImage strip(List<RawImage> images, int frames) {
    if (classes.exist()) {
      List<CaptionedRows.Row> rows = new ArrayList<>();
      for (int row = 0; row < images.size() / frames; row++) {
        rows.add(
            new CaptionedRows.Row(
                classes.name(classes.of(row)), images.subList(row * frames, (row + 1) * frames)));
      }
      return CaptionedRows.compose(rows);
    }
    ContactSheet usual = ContactSheet.of(images.size(), images.get(0).height());
    return new ContactSheet(frames, usual.margin(), usual.scale(), usual.background())
        .compose(images);
  }

  /** The first images of each class, in the order of the classes. */
  private List<CaptionedRows.Row> rowsOfClasses(long images) throws IOException {
    Map<Integer, List<Long>> wanted = new TreeMap<>();
    for (long index = 0; index < Math.min(images, SEARCHED_IMAGES); index++) {
      List<Long> ofClass = wanted.computeIfAbsent(classes.of(index), any -> new ArrayList<>());
      if (ofClass.size() < SHEET_COLUMNS) {
        ofClass.add(index);
      }
    }
    List<Integer> shown = wanted.keySet().stream().limit(MOST_CLASSES).toList();
    Set<Long> indices =
        shown.stream().flatMap(number -> wanted.get(number).stream()).collect(toSet());
    Map<Long, RawImage> read = read(indices);
    return shown.stream()
        .limit(fitting(read.values().iterator().next()))
        .map(
            number ->
                new CaptionedRows.Row(
                    classes.name(number), wanted.get(number).stream().map(read::get).toList()))
        .toList();
  }

  /** Rows for which images are small enough: as many as there are without classes, or more. */
  private static int fitting(RawImage image) {
    int rows = MOST_CLASSES;
    var shape = new ImageShape(image.height(), image.width(), image.channels());
    while (rows > SHEET_IMAGES / SHEET_COLUMNS
        && !ContactSheet.of(rows * SHEET_COLUMNS, image.height())
            .fits(rows * SHEET_COLUMNS, shape)) {
      rows /= 2;
    }
    return rows;
  }

  private Map<Long, RawImage> read(Set<Long> indices) throws IOException {
    Map<Long, RawImage> images = new HashMap<>();
    for (IndexRange range : ranges) {
      if (images.size() < indices.size()) {
        folder
            .files(ShardTable.IMAGES)
            .rows(
                range,
                (row, image) -> {
                  long index = row.getLong(SampleTable.INDEX, 0);
                  if (indices.contains(index)) {
                    images.put(index, image);
                  }
                  return images.size() < indices.size();
                });
      }
    }
    return images;
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
