package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.dataset.ImageRow;
import java.io.IOException;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Computes features of images that come in the order of their ids, and writes each file as soon as
 * its last image is there. Of several attempts at the same file the first to finish counts.
 *
 * @param extractor what is computed
 * @param shape of the images
 * @param configuration Hadoop's, as the driver has it
 * @param images counts them
 */
record FeatureTask(
    Broadcast<ExtractorSpec> extractor,
    ImageShape shape,
    FeatureFiles files,
    Broadcast<SerializableConfiguration> configuration,
    LongAccumulator images)
    implements VoidFunction<Iterator<Tuple2<Long, ImageRow>>> {

  @Override
  public void call(Iterator<Tuple2<Long, ImageRow>> rows) throws IOException {
    if (!rows.hasNext()) {
      return;
    }
    Configuration hadoop = configuration.value().value();
    try (FeatureExtractor open = extractor.value().open(shape)) {
      float[] values = new float[FeatureFiles.SHARD * files.features()];
      int row = 0;
      while (rows.hasNext()) {
        ImageRow image = rows.next()._2();
        int shard = (int) (image.id() / FeatureFiles.SHARD);
        if (image.id() != (long) shard * FeatureFiles.SHARD + row) {
          throw new IllegalStateException(
              "Image %d came as number %d of its file.".formatted(image.id(), row));
        }
        open.extract(image.pixels(), values, row * files.features());
        requireFinite(values, row * files.features(), image.id());
        images.add(1);
        row++;
        if (row == files.count(shard)) {
          files.write(shard, values, hadoop);
          row = 0;
        }
      }
      if (row > 0) {
        throw new IllegalStateException("A file of features lacks the images after " + row);
      }
    }
  }

  /** A number that is none would make every figure one that is none, without a word. */
  private void requireFinite(float[] values, int from, long id) {
    for (int i = from; i < from + files.features(); i++) {
      if (!Float.isFinite(values[i])) {
        throw DdpmException.data(
            "--extractor: feature %d of image %d is %s: an extractor must make finite numbers of"
                + " every image.",
            i - from, id, values[i]);
      }
    }
  }
}
