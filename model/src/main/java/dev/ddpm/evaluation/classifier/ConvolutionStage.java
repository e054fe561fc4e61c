package dev.ddpm.evaluation.classifier;

import static dev.ddpm.evaluation.classifier.ClassifierPlan.KERNEL;

import java.util.Arrays;

/** A stage of a classifier, on one image with channels last. */
final class ConvolutionStage {
  private final ClassifierPlan.Stage stage;

  /** Of shape (kernel row, kernel column, in, out). */
  private final float[] weights;

  private final float[] bias;
  private final float[] sums;
  private final float[] out;

  /**
   * Copies the weights.
   *
   * @param weights of shape (out, in, kernel row, kernel column)
   * @param bias of length out
   */
  ConvolutionStage(ClassifierPlan.Stage stage, float[] weights, float[] bias) {
    this.stage = stage;
    this.bias = bias.clone();
    this.weights = new float[weights.length];
    int taps = KERNEL * KERNEL;
    for (int o = 0; o < stage.to(); o++) {
      for (int i = 0; i < stage.from(); i++) {
        for (int tap = 0; tap < taps; tap++) {
          this.weights[(tap * stage.from() + i) * stage.to() + o] =
              weights[(o * stage.from() + i) * taps + tap];
        }
      }
    }
    this.sums = new float[stage.to()];
    this.out = new float[stage.height() / 2 * (stage.width() / 2) * stage.to()];
  }

  /** Computes one image; the result is overwritten by the next. */
  float[] compute(float[] in) {
    int pooledWidth = stage.width() / 2;
    // After the rectifier nothing is below zero, so that a maximum may begin with it.
    Arrays.fill(out, 0);
    for (int y = 0; y < stage.height() / 2 * 2; y++) {
      for (int x = 0; x < pooledWidth * 2; x++) {
        sum(in, y, x);
        int to = (y / 2 * pooledWidth + x / 2) * sums.length;
        for (int o = 0; o < sums.length; o++) {
          out[to + o] = Math.max(out[to + o], sums[o]);
        }
      }
    }
    return out;
  }

  /** The convolution at one place. */
  private void sum(float[] in, int y, int x) {
    System.arraycopy(bias, 0, sums, 0, sums.length);
    for (int ky = Math.max(0, 1 - y); ky < Math.min(KERNEL, stage.height() + 1 - y); ky++) {
      for (int kx = Math.max(0, 1 - x); kx < Math.min(KERNEL, stage.width() + 1 - x); kx++) {
        int pixel = ((y + ky - 1) * stage.width() + x + kx - 1) * stage.from();
        int tap = (ky * KERNEL + kx) * stage.from() * sums.length;
        for (int i = 0; i < stage.from(); i++) {
          float value = in[pixel + i];
          int row = tap + i * sums.length;
          for (int o = 0; o < sums.length; o++) {
            sums[o] += value * weights[row + o];
          }
        }
      }
    }
  }
}
