package dev.ddpm.spark.evaluate;

import dev.ddpm.DdpmException;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.spark.cluster.ClusterJob;
import dev.ddpm.spark.cluster.MemoryNeeds;
import dev.ddpm.spark.cluster.Watched;
import dev.ddpm.spark.dataset.ImageRow;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Computes the features of images over the cluster, once for each image: what is in the cache is
 * checked and used, what is missing or damaged is computed.
 */
final class FeatureJob {
  private static final int TASKS_PER_SLOT = 4;

  private final ExtractorSpec extractor;
  private final String cache;
  private final PrintWriter out;

  /**
   * Touches nothing yet.
   *
   * @param cache folder of features of any images and extractors
   * @param out receives lines of progress
   */
  FeatureJob(ExtractorSpec extractor, String cache, PrintWriter out) {
    this.extractor = extractor;
    this.cache = cache;
    this.out = out;
  }

  /** What computing takes of memory. */
  static MemoryNeeds needs(ExtractorSpec extractor, ImageSet set) {
    long shard = (long) FeatureFiles.SHARD * features(extractor, set) * Float.BYTES;
    return new MemoryNeeds(
        MemoryNeeds.SPARK_HEAP,
        0,
        MemoryNeeds.SPARK_HEAP,
        3 * shard,
        extractor.nativeBytes(set.reader().imageShape()),
        1 << 20,
        "the extractor's input size");
  }

  /**
   * Numbers per image.
   *
   * @throws DdpmException (user) if the extractor has none of such images
   */
  static int features(ExtractorSpec extractor, ImageSet set) {
    try (FeatureExtractor open = extractor.open(set.reader().imageShape())) {
      return open.features();
    }
  }

  /**
   * Makes sure that the features of a set are there.
   *
   * @throws DdpmException (user) if the extractor has none of such images; (environment) if files
   *     that were written are not found
   */
  FeatureView run(ClusterJob job, ImageSet set) {
    Configuration configuration = job.spark().hadoopConfiguration();
    FeatureFiles files =
        FeatureFiles.in(cache, settings(set), set.reader().images(), features(extractor, set));
    if (files.describe(configuration)) {
      out.printf("%s was damaged, and is written anew.%n", files.about());
    }
    FeatureView view = new FeatureView(files, set.images());
    List<Integer> missing = missing(view, configuration, true);
    if (missing.size() < view.shards()) {
      out.printf(
          "Features of %s: %,d of %,d files are there already.%n",
          set.path(), view.shards() - missing.size(), view.shards());
    }
    if (!missing.isEmpty()) {
      compute(job, set, files, missing);
      List<Integer> still = missing(view, configuration, false);
      if (!still.isEmpty()) {
        throw DdpmException.environment(
            "%s cannot be found as it was written: something else has its name, or someone removes"
                + " files.",
            files.path(still.get(0)));
      }
    }
    return view;
  }

  private SortedMap<String, String> settings(ImageSet set) {
    SortedMap<String, String> settings = new TreeMap<>();
    settings.put("images.fingerprint", set.reader().fingerprint());
    settings.put("images.shape", set.reader().imageShape().toString());
    extractor.settings().forEach((name, value) -> settings.put("extractor." + name, value));
    return settings;
  }

  private List<Integer> missing(FeatureView view, Configuration configuration, boolean repair) {
    FeatureFiles files = view.files();
    List<FeatureFiles.State> states =
        IntStream.range(0, view.shards())
            .parallel()
            .mapToObj(shard -> files.check(shard, configuration))
            .toList();
    List<Integer> missing = new ArrayList<>();
    for (int shard = 0; shard < states.size(); shard++) {
      if (states.get(shard) == FeatureFiles.State.DAMAGED && repair) {
        out.printf(
            "%s is damaged: its %,d images are looked at anew.%n",
            files.path(shard), files.count(shard));
        files.delete(shard, configuration);
      }
      if (states.get(shard) != FeatureFiles.State.INTACT) {
        missing.add(shard);
      }
    }
    return missing;
  }

  private void compute(ClusterJob job, ImageSet set, FeatureFiles files, List<Integer> missing) {
    long images = missing.stream().mapToLong(files::count).sum();
    Watched watched = job.watch("extracting features", images, 1, out);
    job.describe("evaluate", "Features of %,d images".formatted(images));
    HashMap<Integer, Integer> places = new HashMap<>();
    missing.forEach(shard -> places.put(shard, places.size()));
    int tasks = Math.min(missing.size(), TASKS_PER_SLOT * job.slots());
    JavaPairRDD<Long, ImageRow> rows =
        set.reader()
            .rows(id -> places.containsKey((int) (id / FeatureFiles.SHARD)))
            .mapToPair(row -> new Tuple2<>(row.id(), row))
            .repartitionAndSortWithinPartitions(new ByShard(places, tasks));
    rows.foreachPartition(
        new FeatureTask(
            job.broadcast(extractor),
            set.reader().imageShape(),
            files,
            job.broadcast(new SerializableConfiguration(job.spark().hadoopConfiguration())),
            watched.imageSteps()));
  }

  /** Consecutive files go to one task. */
  private static final class ByShard extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final Map<Integer, Integer> places;
    private final int partitions;

    ByShard(Map<Integer, Integer> places, int partitions) {
      this.places = new HashMap<>(places);
      this.partitions = partitions;
    }

    @Override
    public int numPartitions() {
      return partitions;
    }

    @Override
    public int getPartition(Object id) {
      long place = places.get((int) ((Long) id / FeatureFiles.SHARD));
      return (int) (place * partitions / places.size());
    }
  }
}
