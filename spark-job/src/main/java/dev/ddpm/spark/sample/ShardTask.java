package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.stored.SamplingPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Makes one file of images and that of their trajectories. Does only what is missing: of several
 * attempts at the same file, one after the other or at the same time, the first to finish counts.
 *
 * @param generators the models of an executor
 * @param configuration Hadoop's, as the driver has it
 * @param plan what the images are
 * @param modelHash identity of the model
 * @param output the output folder
 * @param content what the files of the folder must be
 * @param application id of the Spark application
 * @param imageSteps counts images · steps
 */
record ShardTask(
    Broadcast<ExecutorPool<Generator>> generators,
    Broadcast<SerializableConfiguration> configuration,
    SamplingPlan plan,
    String modelHash,
    String output,
    SampleContent content,
    String application,
    LongAccumulator imageSteps)
    implements Function<IndexRange, Shard> {

  @Override
  public Shard call(IndexRange range) throws IOException {
    Configuration hadoop = configuration.value().value();
    var images = new ShardFiles(output, ShardTable.IMAGES, content, hadoop);
    var trajectories = new ShardFiles(output, ShardTable.TRAJECTORIES, content, hadoop);
    Optional<Shard> there = find(range, images, trajectories);
    if (there.isPresent()) {
      return there.get();
    }
    generators
        .value()
        .use(
            generator -> {
              draw(generator, range, images, trajectories);
              return range;
            });
    // What was written is read once, so that a disk which keeps other bytes is found at once.
    return find(range, images, trajectories)
        .orElseThrow(
            () ->
                DdpmException.environment(
                    "--output = %s: %s cannot be found after it was written: something else has its"
                        + " name, or someone removes files.",
                    output, images.path(range)));
  }

  private Optional<Shard> find(IndexRange range, ShardFiles images, ShardFiles trajectories) {
    return images.shard(range).filter(shard -> !hasTrajectories() || trajectories.has(range));
  }

  private boolean hasTrajectories() {
    return plan.sampling().trajectory() > 0;
  }

  private void draw(
      Generator generator, IndexRange range, ShardFiles images, ShardFiles trajectories)
      throws IOException {
    long start = System.nanoTime();
    ImageDigest digest = new ImageDigest();
    images.create(
        range,
        () -> shard(range, digest, start, generator),
        rows -> {
          if (!hasTrajectories()) {
            draw(generator, range, digest, rows);
          } else {
            // Complete before the images are, whose appearance says that nothing is missing.
            trajectories.create(
                range,
                () -> range,
                frames ->
                    generator.draw(
                        range,
                        imageSteps::add,
                        sample -> {
                          writeImage(sample, digest, rows);
                          writeFrames(sample, frames);
                        }));
          }
        });
  }

  private void draw(
      Generator generator, IndexRange range, ImageDigest digest, ParquetWriter<List<Object>> rows)
      throws IOException {
    generator.draw(range, imageSteps::add, sample -> writeImage(sample, digest, rows));
  }

  private void writeImage(Sample sample, ImageDigest digest, ParquetWriter<List<Object>> rows)
      throws IOException {
    RawImage image = sample.image();
    digest.add(sample.index(), image.pixels());
    List<Object> row = new ArrayList<>();
    row.add(sample.index());
    row.add(plan.sampling().seed());
    row.add(ImageCodec.encodePng(image));
    row.add(image.height());
    row.add(image.width());
    row.add(image.channels());
    row.add(plan.samplerName());
    row.add(plan.steps());
    row.add(modelHash);
    if (plan.classes().exist()) {
      int number = plan.classes().of(sample.index());
      row.add(number);
      row.add(plan.classes().name(number));
      row.add(plan.sampling().guidance());
    }
    sample.x0().map(WireFloats::values).ifPresent(row::add);
    rows.write(row);
  }

  private static void writeFrames(Sample sample, ParquetWriter<List<Object>> rows)
      throws IOException {
    for (int frame = 0; frame < sample.frames().size(); frame++) {
      RawImage image = sample.frames().get(frame).image();
      rows.write(
          List.of(
              sample.index(),
              frame,
              sample.frames().get(frame).timestep(),
              ImageCodec.encodePng(image),
              image.height(),
              image.width(),
              image.channels()));
    }
  }

  private Shard shard(IndexRange range, ImageDigest digest, long start, Generator generator) {
    return new Shard(
        range.first(),
        range.count(),
        "",
        0,
        digest.checksum(),
        digest.fingerprint(),
        (System.nanoTime() - start) / 1e9,
        generator.samplerSeconds(),
        SparkEnv.get().executorId(),
        application);
  }
}
