package dev.ddpm.spark.evaluate;

import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.KernelDistance;
import dev.ddpm.evaluation.Mean;
import dev.ddpm.spark.cluster.ClusterJob;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The kernel distance of the features over all pairs, and a standard error from blocks of images
 * that have none in common.
 */
final class Kid extends SetMetric {
  private static final int LARGEST_BLOCK = 1000;
  private static final int FEWEST_BLOCKS = 10;
  private static final int MOST_BLOCKS = 100;

  @Override
  String name() {
    return "kid";
  }

  @Override
  int fewest() {
    return 2;
  }

  @Override
  long taskHeap(ComparedSets sets) {
    return 4L * LARGEST_BLOCK * sets.realFeatures().features() * Float.BYTES + (8 << 20);
  }

  @Override
  long driverHeap(ComparedSets sets) {
    return (1 << 20) + labelsHeap(sets);
  }

  @Override
  Measured compute(ClusterJob job, Evaluation evaluation, ComparedSets sets) {
    var configuration =
        job.broadcast(new SerializableConfiguration(job.spark().hadoopConfiguration()));
    FeatureView real = sets.realFeatures();
    FeatureView generated = sets.generatedFeatures();
    job.describe("evaluate", "Kernel distances of all pairs");
    double kid =
        KernelDistance.unbiased(
            sum(job, new SumTask(configuration, real, real, true)),
            real.images(),
            sum(job, new SumTask(configuration, generated, generated, true)),
            generated.images(),
            sum(job, new SumTask(configuration, real, generated, false)));
    long size =
        Math.min(LARGEST_BLOCK, Math.min(real.images(), generated.images()) / FEWEST_BLOCKS);
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("kid", kid);
    List<List<Object>> rows = new ArrayList<>();
    String line = String.format(Locale.ROOT, "Kernel distance (KID) %.6f", kid);
    if (size >= 2) {
      List<Double> blocks = blocks(job, configuration, sets, size);
      Mean mean = mean(blocks);
      double floor = mean(floor(job, configuration, sets, size)).value();
      summary.put("kid_standard_error", mean.standardError());
      summary.put("kid_mean_of_blocks", mean.value());
      summary.put("kid_blocks", blocks.size());
      summary.put("kid_block_images", size);
      summary.put("kid_real_against_real", floor);
      for (int block = 0; block < blocks.size(); block++) {
        rows.add(List.of(block, blocks.get(block)));
      }
      line +=
          String.format(
              Locale.ROOT,
              " (standard error %.6f from %d blocks of %,d images); real against real %.6f",
              mean.standardError(),
              blocks.size(),
              size,
              floor);
    } else {
      line +=
          " (of fewer than %d images on a side, which are too few for a standard error)"
              .formatted(2 * FEWEST_BLOCKS);
    }
    List<Measured.Table> tables = new ArrayList<>();
    tables.add(new Measured.Table("", schema(), rows));
    ClassParts parts = evaluation.shared().classes(sets);
    if (!parts.classes().isEmpty()) {
      List<List<Object>> classes = classes(job, configuration, sets, parts);
      tables.add(new Measured.Table("-classes", ClassParts.schema("kid", "kid_classes"), classes));
      line += classes.isEmpty() ? "" : "; %d classes in the table".formatted(classes.size());
    }
    return new Measured(line, summary, tables, List.of());
  }

  /** A row for each class that both sets have two images of. */
  private static List<List<Object>> classes(
      ClusterJob job,
      Broadcast<SerializableConfiguration> configuration,
      ComparedSets sets,
      ClassParts parts) {
    FeatureView real = sets.realFeatures();
    FeatureView generated = sets.generatedFeatures();
    job.describe("evaluate", "Kernel distances of classes");
    ClassKernelTask.Sums ofReal =
        new ClassKernelTask(configuration, real, parts.real(), real, parts.real(), true).run(job);
    ClassKernelTask.Sums ofGenerated =
        new ClassKernelTask(
                configuration, generated, parts.generated(), generated, parts.generated(), true)
            .run(job);
    ClassKernelTask.Sums between =
        new ClassKernelTask(configuration, real, parts.real(), generated, parts.generated(), false)
            .run(job);
    List<List<Object>> rows = new ArrayList<>();
    for (int place = 0; place < parts.classes().size(); place++) {
      long a = ofReal.images(place);
      long b = ofGenerated.images(place);
      if (a >= 2 && b >= 2) {
        rows.add(
            List.of(
                parts.classes().get(place),
                a,
                b,
                KernelDistance.unbiased(
                    ofReal.sum(place), a, ofGenerated.sum(place), b, between.sum(place))));
      }
    }
    return rows;
  }

  /** A sum over pairs of blocks, which are added in their order. */
  private static double sum(ClusterJob job, SumTask task) {
    int shards = task.left().shards();
    List<Double> parts =
        job.spark()
            .parallelize(IntStream.range(0, shards).boxed().toList(), shards)
            .map(task)
            .collect();
    return parts.stream().reduce(0.0, Double::sum);
  }

  /** Σ k over the pairs of a block on the left with all on the right, or with itself and later. */
  private record SumTask(
      Broadcast<SerializableConfiguration> configuration,
      FeatureView left,
      FeatureView right,
      boolean own)
      implements Function<Integer, Double> {

    @Override
    public Double call(Integer shard) {
      Configuration hadoop = configuration.value().value();
      FeatureRows rows = left.read(shard, hadoop);
      double sum = own ? KernelDistance.sumWithin(rows) : 0;
      for (int other = own ? shard + 1 : 0; other < right.shards(); other++) {
        double pairs = KernelDistance.sum(rows, right.read(other, hadoop));
        sum += own ? 2 * pairs : pairs;
      }
      return sum;
    }
  }

  private static List<Double> blocks(
      ClusterJob job,
      Broadcast<SerializableConfiguration> configuration,
      ComparedSets sets,
      long size) {
    FeatureView real = sets.realFeatures();
    FeatureView generated = sets.generatedFeatures();
    int count = (int) Math.min(MOST_BLOCKS, Math.min(real.images(), generated.images()) / size);
    Parts ofReal = new Parts.Blocks(real.images(), size, count);
    Parts ofGenerated = new Parts.Blocks(generated.images(), size, count);
    job.describe("evaluate", "Kernel distances of blocks");
    return job.spark()
        .parallelize(IntStream.range(0, count).boxed().toList(), count)
        .map(
            block ->
                KernelDistance.between(
                    new PartRows(real, ofReal).all(block, configuration.value().value()),
                    new PartRows(generated, ofGenerated).all(block, configuration.value().value())))
        .collect();
  }

  /** The same of pairs of blocks that are both real. */
  private static List<Double> floor(
      ClusterJob job,
      Broadcast<SerializableConfiguration> configuration,
      ComparedSets sets,
      long size) {
    FeatureView real = sets.realFeatures();
    int pairs = (int) Math.min(MOST_BLOCKS, real.images() / size / 2);
    Parts blocks = new Parts.Blocks(real.images(), size, 2 * pairs);
    return job.spark()
        .parallelize(IntStream.range(0, pairs).boxed().toList(), pairs)
        .map(
            pair -> {
              PartRows rows = new PartRows(real, blocks);
              Configuration hadoop = configuration.value().value();
              return KernelDistance.between(
                  rows.all(2 * pair, hadoop), rows.all(2 * pair + 1, hadoop));
            })
        .collect();
  }

  private static Mean mean(List<Double> values) {
    return Mean.of(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** A block and its distance. */
  private static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT32)
        .named("block")
        .required(PrimitiveTypeName.DOUBLE)
        .named("kid")
        .named("kid");
  }
}
