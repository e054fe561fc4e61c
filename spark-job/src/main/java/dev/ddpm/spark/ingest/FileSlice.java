package dev.ddpm.spark.ingest;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A run of images in a file of many: what one task reads.
 *
 * @param path the file
 * @param name what its images are called by
 * @param first position of the first image
 * @param count how many
 * @param last whether the file must end after them
 */
record FileSlice(String path, String name, long first, long count, boolean last)
    implements Serializable {
  private static final long IMAGES = 10_000;

  /** Reads a slice in a task. */
  @FunctionalInterface
  interface Reader extends Serializable {
    /** The images of a slice, in order, in the columns of {@link Candidates#schema()}. */
    Iterator<Row> read(FileSlice slice);
  }

  /** Cuts a file of {@code images} images into slices of at most 10,000. */
  static List<FileSlice> of(String path, String name, long images) {
    List<FileSlice> slices = new ArrayList<>();
    for (long first = 0; first < images; first += IMAGES) {
      long count = Math.min(IMAGES, images - first);
      slices.add(new FileSlice(path, name, first, count, first + count == images));
    }
    return slices;
  }

  /** The images of all slices, one task per slice. */
  static Dataset<Row> candidates(SparkSession spark, List<FileSlice> slices, Reader reader) {
    // Slices travel in the closure, numbers in the data: Kryo 4 cannot write a record.
    List<Integer> numbers = IntStream.range(0, slices.size()).boxed().toList();
    return spark.createDataFrame(
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(numbers, Math.max(1, slices.size()))
            .flatMap(number -> reader.read(slices.get(number))),
        Candidates.schema());
  }
}
