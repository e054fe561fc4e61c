package dev.ddpm.spark.train;

import dev.ddpm.evaluation.FeatureMoments;
import dev.ddpm.evaluation.FeatureRows;
import dev.ddpm.evaluation.FrechetDistance;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.spark.cluster.WireFloats;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The Fréchet distance of images that the model draws by now to the held-out ones. Moments are
 * merged in the order of the images: the distance of given weights is the same to the bit whoever
 * computes it.
 */
final class DrawnDistance {
  /** Steps that the images are drawn with. */
  static final int STEPS = 25;

  private final Broadcast<ExtractorSpec> extractor;
  private final Validation heldOut;
  private final DrawnImages drawn;
  private FeatureMoments reference;

  /**
   * Computes nothing yet.
   *
   * @param extractor what the distance is one of
   */
  DrawnDistance(
      JavaSparkContext spark, ExtractorSpec extractor, Validation heldOut, DrawnImages drawn) {
    this.extractor = spark.broadcast(extractor);
    this.heldOut = heldOut;
    this.drawn = drawn;
  }

  /** The distance of what given weights draw; the moments of the held-out images are kept. */
  double of(WireFloats weights) {
    Broadcast<ExtractorSpec> spec = extractor;
    ImageShape shape = drawn.shape();
    DrawnImages.Uses<FeatureMoments> moments = () -> new Moments(spec.value().open(shape));
    if (reference == null) {
      reference = FeatureMoments.merged(heldOut.map(moments));
    }
    return FrechetDistance.between(reference, FeatureMoments.merged(drawn.of(weights, moments)));
  }

  /** The moments of the features of some images; an extractor is opened once for many. */
  private record Moments(FeatureExtractor extractor) implements DrawnImages.Use<FeatureMoments> {
    @Override
    public FeatureMoments of(List<byte[]> images) {
      int features = extractor.features();
      float[] values = new float[images.size() * features];
      for (int i = 0; i < images.size(); i++) {
        extractor.extract(images.get(i), values, i * features);
      }
      FeatureMoments moments = new FeatureMoments(features);
      moments.add(new FeatureRows(values, images.size(), features));
      return moments;
    }

    @Override
    public void close() {
      extractor.close();
    }
  }
}
