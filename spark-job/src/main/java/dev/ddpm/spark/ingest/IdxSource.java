package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.Channels;
import dev.ddpm.image.RawImage;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * An IDX file of grey images, as MNIST and Fashion-MNIST come, compressed by gzip or not.
 *
 * @param images path of the images (magic number 0x803)
 * @param labels path of their labels (magic number 0x801), if there are any
 * @param labelNames what the labels mean: element i is the name of label i; empty if that is not
 *     known
 */
public record IdxSource(String images, Optional<String> labels, List<String> labelNames)
    implements ImageSource {

  /** Copies the list. */
  public IdxSource {
    labelNames = List.copyOf(labelNames);
  }

  @Override
  public String description() {
    return "idx " + images + labels.map(path -> " labels " + path).orElse("");
  }

  @Override
  public Optional<Channels> channels(SparkSession spark) {
    return Optional.of(Channels.GREY);
  }

  @Override
  public SourceImages read(SparkSession spark, Preparation preparation) {
    InputFiles files = new InputFiles(spark);
    Path found = files.status(images).getPath();
    IdxHeader header = imageHeader(files, found.toString());
    String labelPath =
        labels.map(path -> checkedLabels(files, path, header).toString()).orElse(null);
    return new SourceImages(
        FileSlice.candidates(
            spark,
            FileSlice.of(found.toString(), found.getName(), header.count()),
            slice -> read(files, slice, header, labelPath, preparation)),
        labelNames,
        header.count());
  }

  private IdxHeader imageHeader(InputFiles files, String path) {
    try (DataInputStream file = files.open(path)) {
      return IdxHeader.ofImages(file, images);
    } catch (IOException e) {
      throw InputFiles.failed(images, e);
    }
  }

  /**
   * Where the labels are. All of them are read: only at the end of a file is it known that it is
   * whole.
   */
  private Path checkedLabels(InputFiles files, String path, IdxHeader header) {
    Path found = files.status(path).getPath();
    try (DataInputStream file = files.open(found.toString())) {
      int count = IdxHeader.ofLabels(file, path).count();
      if (count != header.count()) {
        throw DdpmException.data(
            "%s has %d labels, but %s has %d images: one label per image is needed.",
            path, count, images, header.count());
      }
      for (int i = 0; i < count; i++) {
        checkNamed(file.readUnsignedByte(), path, i);
      }
      SliceReader.checkEnd(file, path, "label");
      return found;
    } catch (IOException e) {
      throw InputFiles.failed(path, e);
    }
  }

  private void checkNamed(int label, String path, int position) {
    if (!labelNames.isEmpty() && label >= labelNames.size()) {
      throw DdpmException.user(
          "%s has the label %d at position %d, but %d names were given, of labels 0 to %d.",
          path, label, position, labelNames.size(), labelNames.size() - 1);
    }
  }

  private static Iterator<Row> read(
      InputFiles files, FileSlice slice, IdxHeader header, String labels, Preparation preparation) {
    byte[] classes = labels == null ? null : readLabels(files, slice, labels);
    DataInputStream file = files.open(slice.path());
    IdxHeader.ofImages(file, slice.path());
    return new SliceReader(
        slice,
        header.itemSize(),
        file,
        (position, pixels) ->
            Candidates.ofPosition(
                slice.name(),
                position,
                classes == null ? null : classes[(int) (position - slice.first())] & 0xff,
                () -> preparation.apply(new RawImage(header.height(), header.width(), 1, pixels))));
  }

  private static byte[] readLabels(InputFiles files, FileSlice slice, String path) {
    try (DataInputStream file = files.open(path)) {
      IdxHeader.ofLabels(file, path);
      file.skipNBytes(slice.first());
      byte[] labels = new byte[(int) slice.count()];
      file.readFully(labels);
      return labels;
    } catch (IOException e) {
      throw InputFiles.failed(path, e);
    }
  }
}
