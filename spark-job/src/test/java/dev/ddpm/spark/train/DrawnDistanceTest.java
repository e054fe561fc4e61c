package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.evaluation.FeatureMoments;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.FrechetDistance;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.sample.TinyModel;
import dev.ddpm.spark.train.dl4j.TinyTraining;
import dev.ddpm.spark.train.round.DataSplit;
import dev.ddpm.spark.train.round.TrainingSetup;
import dev.ddpm.training.Replica;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class DrawnDistanceTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final DataSplit SPLIT = new DataSplit(TinyTraining.ROWS, new long[0], 0.5, 7);
  private static final int DRAWN = 10;
  private static final AtomicInteger OPENED = new AtomicInteger();
  private static final ModelDescription DESCRIPTION =
      new ModelDescription(
          TinyTraining.setup().architecture(),
          new ScheduleSpec.Linear(1000, 1e-4, 0.02),
          Prediction.EPSILON,
          Preset.PAPER,
          DataRange.MINUS_ONE_TO_ONE,
          Map.of());

  /** Four pixels of an image. */
  private record FourPixels() implements ExtractorSpec {
    @Override
    public SortedMap<String, String> settings() {
      return new TreeMap<>(Map.of("kind", "four"));
    }

    @Override
    public FeatureExtractor open(ImageShape images) {
      OPENED.incrementAndGet();
      return new FeatureExtractor() {
        @Override
        public int features() {
          return 4;
        }

        @Override
        public void extract(byte[] image, float[] to, int offset) {
          for (int i = 0; i < 4; i++) {
            to[offset + i] = image[9 * i] & 0xff;
          }
        }
      };
    }
  }

  private static double distance(int partitions, int slots) {
    JavaSparkContext spark = SPARK.context("local[2]");
    TrainingSetup setup = TinyTraining.setup();
    Broadcast<ExecutorPool<Replica>> replicas = spark.broadcast(new ExecutorPool<>(setup));
    var rows = spark.parallelize(TinyTraining.images(), partitions);
    try (var heldOut =
        new Validation(spark, replicas, rows, SPLIT, 4, slots, setup.schedule().steps())) {
      return new DrawnDistance(spark, new FourPixels(), heldOut, drawn(spark, replicas, slots))
          .of(new WireFloats(setup.create().network().parameters()));
    }
  }

  private static DrawnImages drawn(
      JavaSparkContext spark, Broadcast<ExecutorPool<Replica>> replicas, int slots) {
    return new DrawnImages(
        spark, replicas, DESCRIPTION, TinyModel.sampling(), /* steps= */ 3, DRAWN, slots);
  }

  @Test
  void doesNotDependOnWhoComputesIt() {
    assertThat(distance(5, 3)).isEqualTo(distance(1, 1)).isPositive();
  }

  /** An extractor may take longer to open than a few images. */
  @Test
  void anExtractorIsOpenedOnceInATask() {
    OPENED.set(0);
    distance(2, 1);

    // For the held-out images and for those that are drawn: of both there are several minibatches.
    assertThat(OPENED).hasValue(2);
  }

  @Test
  void isThatOfTheDrawnImagesToTheHeldOutOnes() {
    JavaSparkContext spark = SPARK.context("local[2]");
    TrainingSetup setup = TinyTraining.setup();
    Broadcast<ExecutorPool<Replica>> replicas = spark.broadcast(new ExecutorPool<>(setup));
    List<byte[]> images =
        drawn(spark, replicas, 2)
            .of(new WireFloats(setup.create().network().parameters()), () -> batch -> batch)
            .stream()
            .flatMap(List::stream)
            .toList();
    List<byte[]> heldOut =
        TinyTraining.images().stream()
            .filter(row -> SPLIT.heldOutRow(row.id()).isPresent())
            .map(ImageRow::pixels)
            .toList();

    assertThat(images).hasSize(DRAWN).doesNotHaveDuplicates();
    assertThat(distance(2, 2))
        .isCloseTo(
            FrechetDistance.between(moments(heldOut), moments(images)), withPercentage(1e-6));
  }

  private static FeatureMoments moments(List<byte[]> images) {
    FeatureExtractor extractor = new FourPixels().open(new ImageShape(8, 8, 1));
    float[] values = new float[4 * images.size()];
    for (int i = 0; i < images.size(); i++) {
      extractor.extract(images.get(i), values, 4 * i);
    }
    var moments = new FeatureMoments(4);
    moments.add(new FeatureRows(values, images.size(), 4));
    return moments;
  }
}
