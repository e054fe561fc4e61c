package dev.ddpm.spark.ingest;

import dev.ddpm.DdpmException;
import dev.ddpm.image.Channels;
import dev.ddpm.image.RawImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * CIFAR-10 in its binary version: records of 3,073 bytes, a label 0 to 9 and then the red, green
 * and blue plane of a 32 × 32 image.
 *
 * @param inputs files; a folder stands for its {@code data_batch_*.bin}, the training set
 */
public record CifarSource(List<String> inputs) implements ImageSource {
  private static final int SIDE = 32;
  private static final int PLANE = SIDE * SIDE;
  private static final int RECORD = 1 + 3 * PLANE;
  private static final int CLASSES = 10;
  private static final String TRAINING_FILES = "data_batch_*.bin";
  private static final String CLASS_NAMES = "batches.meta.txt";

  /** Copies the list. */
  public CifarSource {
    inputs = List.copyOf(inputs);
  }

  @Override
  public String description() {
    return "cifar10 " + String.join(" ", inputs);
  }

  @Override
  public Optional<Channels> channels(SparkSession spark) {
    return Optional.of(Channels.RGB);
  }

  @Override
  public SourceImages read(SparkSession spark, Preparation preparation) {
    InputFiles files = new InputFiles(spark);
    List<FileStatus> batches = batches(files);
    List<FileSlice> slices = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (FileStatus batch : batches) {
      String path = batch.getPath().toString();
      String name = batch.getPath().getName();
      if (batch.getLen() % RECORD != 0) {
        throw DdpmException.data(
            "%s is not a CIFAR-10 binary file: its length of %d bytes is not a multiple of %d.",
            path, batch.getLen(), RECORD);
      }
      if (!names.add(name)) {
        throw DdpmException.user(
            "Two input files are called %s: each name may occur once, because ids follow names.",
            name);
      }
      slices.addAll(FileSlice.of(path, name, batch.getLen() / RECORD));
    }
    FileSlice.Reader reader =
        slice ->
            new SliceReader(
                slice,
                RECORD,
                files.open(slice.path()),
                (position, record) -> row(slice, position, record, preparation));
    return new SourceImages(
        FileSlice.candidates(spark, slices, reader),
        classNames(files, batches.get(0).getPath().getParent()),
        slices.stream().mapToLong(FileSlice::count).sum());
  }

  /** Whether a file has the name of one of the training set. */
  static boolean isTrainingFile(String name) {
    return name.matches("data_batch_.*\\.bin");
  }

  private static List<String> classNames(InputFiles files, Path folder) {
    List<FileStatus> names = files.list(folder, CLASS_NAMES);
    if (names.isEmpty()) {
      return List.of();
    }
    String path = names.get(0).getPath().toString();
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(files.open(path), StandardCharsets.UTF_8))) {
      return reader.lines().filter(line -> !line.isBlank()).toList();
    } catch (IOException e) {
      throw InputFiles.failed(path, e);
    }
  }

  private List<FileStatus> batches(InputFiles files) {
    List<FileStatus> batches = new ArrayList<>();
    for (String input : inputs) {
      for (FileStatus status : files.statusesOf(input)) {
        if (!status.isDirectory()) {
          batches.add(status);
          continue;
        }
        List<FileStatus> found = files.list(status.getPath(), TRAINING_FILES);
        if (found.isEmpty()) {
          throw DdpmException.data("The input folder %s holds no %s.", input, TRAINING_FILES);
        }
        batches.addAll(found);
      }
    }
    return batches;
  }

  private static Row row(FileSlice slice, long position, byte[] record, Preparation preparation) {
    int label = record[0] & 0xff;
    if (label >= CLASSES) {
      throw DdpmException.data(
          "%s is not a CIFAR-10 binary file: image %d has the label %d; labels are 0 to %d.",
          slice.path(), position, label, CLASSES - 1);
    }
    byte[] pixels = new byte[3 * PLANE];
    for (int i = 0; i < PLANE; i++) {
      for (int c = 0; c < 3; c++) {
        pixels[3 * i + c] = record[1 + c * PLANE + i];
      }
    }
    return Candidates.ofPosition(
        slice.name(),
        position,
        label,
        () -> preparation.apply(new RawImage(SIDE, SIDE, 3, pixels)));
  }
}
