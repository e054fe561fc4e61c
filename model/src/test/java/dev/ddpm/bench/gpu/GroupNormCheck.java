package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import java.util.Arrays;

/**
 * A group norm of one image, whose positions a card shares out over blocks, and of several small
 * ones, which it does not; against formulas in float64.
 */
final class GroupNormCheck {
  private static final int CHANNELS = 16;
  private static final int GROUPS = 4;
  private static final double EPSILON = 1e-5;

  private final int positions;
  private final float[] x;
  private final float[] dy;
  private final float[] y;
  private final float[] dx;

  private GroupNormCheck(Engine engine, int batch, int positions) {
    this.positions = positions;
    int count = batch * positions * CHANNELS;
    this.x = new Values(11, count).array();
    this.dy = new Values(12, count).array();
    long[] shape = {batch, positions, CHANNELS};
    Tensor images = new Values(11, count).on(engine, shape);
    Tensor gradients = new Values(12, count).on(engine, shape);
    Tensor results = engine.allocate(shape);
    Tensor ofImages = engine.allocate(shape);
    GroupNormOp norm =
        engine.groupNorm(
            new GroupNorm(batch, positions, CHANNELS, GROUPS, EPSILON, false),
            new Weight(ones(engine), engine.allocate(CHANNELS)),
            new Weight(engine.allocate(CHANNELS), engine.allocate(CHANNELS)),
            null);
    norm.forward(images, null, null, results);
    norm.backward(images, null, null, gradients, null, ofImages, null);
    this.y = Values.of(results);
    this.dx = Values.of(ofImages);
  }

  private static Tensor ones(Engine engine) {
    Tensor ones = engine.allocate(CHANNELS);
    double[] values = new double[CHANNELS];
    Arrays.fill(values, 1);
    ones.upload(values);
    return ones;
  }

  /** Errors are shares of the largest value. */
  static void run(CardUnderTest card, Attempts attempts) {
    attempt(card, attempts, 1, 64 * 64);
    attempt(card, attempts, 3, 49);
  }

  private static void attempt(CardUnderTest card, Attempts attempts, int batch, int positions) {
    attempts.relative(
        "group norm of %d × %d positions, both passes".formatted(batch, positions),
        Precision.FLOAT32,
        () -> new GroupNormCheck(card.engine().apply(Precision.FLOAT32), batch, positions).error());
  }

  private double error() {
    float[] expectedY = new float[y.length];
    float[] expectedDx = new float[y.length];
    int groupChannels = CHANNELS / GROUPS;
    double n = (double) positions * groupChannels;
    for (int image = 0; image < y.length / (positions * CHANNELS); image++) {
      for (int group = 0; group < GROUPS; group++) {
        int[] members = new int[(int) n];
        for (int i = 0; i < members.length; i++) {
          int position = image * positions + i / groupChannels;
          members[i] = position * CHANNELS + group * groupChannels + i % groupChannels;
        }
        double mean = 0;
        for (int i : members) {
          mean += x[i] / n;
        }
        double variance = 0;
        for (int i : members) {
          variance += (x[i] - mean) * (x[i] - mean) / n;
        }
        double gain = 1 / Math.sqrt(variance + EPSILON);
        double meanDy = 0;
        double meanDyXHat = 0;
        for (int i : members) {
          meanDy += dy[i] / n;
          meanDyXHat += dy[i] * (x[i] - mean) * gain / n;
        }
        for (int i : members) {
          double normalised = (x[i] - mean) * gain;
          expectedY[i] = (float) normalised;
          expectedDx[i] = (float) ((dy[i] - meanDy - normalised * meanDyXHat) * gain);
        }
      }
    }
    return Math.max(Limits.relative(y, expectedY), Limits.relative(dx, expectedDx));
  }
}
