package dev.ddpm.spark.evaluate;

import dev.ddpm.spark.cluster.ClusterJob;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Who is near to whom among real and generated images: computed once for all metrics that are made
 * of it.
 */
final class Neighbourhoods {
  /** Neighbours by which precision and recall tell how far a set reaches. */
  static final int REACH = 3;

  /** The same of density and coverage. */
  static final int DENSITY = 5;

  private final double[] realRadii;
  private final NeighbourTask.Found ofGenerated;
  private final NeighbourTask.Found ofReal;

  private Neighbourhoods(
      double[] realRadii, NeighbourTask.Found ofGenerated, NeighbourTask.Found ofReal) {
    this.realRadii = realRadii;
    this.ofGenerated = ofGenerated;
    this.ofReal = ofReal;
  }

  /** Computes them; each set has more images than {@link #DENSITY}. */
  static Neighbourhoods compute(ClusterJob job, FeatureView real, FeatureView generated) {
    var configuration =
        job.broadcast(new SerializableConfiguration(job.spark().hadoopConfiguration()));
    job.describe("evaluate", "Neighbours of real images");
    NeighbourTask.Found within =
        new NeighbourTask(configuration, real, real, false, true, DENSITY, List.of()).run(job);
    Broadcast<double[]> reach = job.broadcast(radii(within, DENSITY, REACH));
    double[] realRadii = radii(within, DENSITY, DENSITY);
    Broadcast<double[]> density = job.broadcast(realRadii);
    job.describe("evaluate", "Neighbours of generated images");
    NeighbourTask.Found withinGenerated =
        new NeighbourTask(configuration, generated, generated, false, true, REACH, List.of())
            .run(job);
    Broadcast<double[]> generatedReach = job.broadcast(radii(withinGenerated, REACH, REACH));
    job.describe("evaluate", "Real images near to generated ones");
    NeighbourTask.Found ofGenerated =
        new NeighbourTask(configuration, generated, real, false, false, 1, List.of(reach, density))
            .run(job);
    job.describe("evaluate", "Generated images near to real ones");
    NeighbourTask.Found ofReal =
        new NeighbourTask(configuration, real, generated, false, false, 1, List.of(generatedReach))
            .run(job);
    return new Neighbourhoods(realRadii, ofGenerated, ofReal);
  }

  private static double[] radii(NeighbourTask.Found found, int kept, int k) {
    double[] radii = new double[found.squared().length / kept];
    Arrays.setAll(radii, row -> found.squared()[row * kept + k - 1]);
    return radii;
  }

  /** By sample: whether it lies where real images are. */
  boolean isRealistic(int sample) {
    return ofGenerated.around(0)[sample] > 0;
  }

  /** By sample: how many balls of real images it lies in. */
  long density(int sample) {
    return ofGenerated.around(1)[sample];
  }

  /** By real image: whether it lies where generated images are. */
  boolean isReached(int image) {
    return ofReal.around(0)[image] > 0;
  }

  /** By real image: whether its own ball has a generated image in it. */
  boolean isCovered(int image) {
    return ofReal.squared()[image] <= realRadii[image];
  }

  /** By real image: the radius of its own ball. */
  double radius(int image) {
    return Math.sqrt(realRadii[image]);
  }

  /** By sample: the nearest real image. */
  long nearestReal(int sample) {
    return ofGenerated.ids()[sample];
  }

  /** By sample: how far that is. */
  double distanceToReal(int sample) {
    return Math.sqrt(ofGenerated.squared()[sample]);
  }

  /** By real image: the nearest sample. */
  long nearestGenerated(int image) {
    return ofReal.ids()[image];
  }

  /** By real image: how far that is. */
  double distanceToGenerated(int image) {
    return Math.sqrt(ofReal.squared()[image]);
  }
}
