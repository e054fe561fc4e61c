package dev.ddpm.evaluation.classifier;

/** A matrix and a bias. */
final class DenseLayer {
  /**
   * Of shape (in, out): sums go over many outputs side by side, each in the order of its inputs.
   */
  private final float[] weights;

  private final float[] bias;

  /**
   * Copies the weights.
   *
   * @param weights of shape (out, in)
   * @param bias of length out
   */
  DenseLayer(float[] weights, float[] bias) {
    int outputs = bias.length;
    int inputs = weights.length / outputs;
    this.bias = bias.clone();
    this.weights = new float[weights.length];
    for (int o = 0; o < outputs; o++) {
      for (int i = 0; i < inputs; i++) {
        this.weights[i * outputs + o] = weights[o * inputs + i];
      }
    }
  }

  void compute(float[] in, float[] out) {
    System.arraycopy(bias, 0, out, 0, bias.length);
    for (int i = 0; i < in.length; i++) {
      float value = in[i];
      int row = i * bias.length;
      for (int o = 0; o < bias.length; o++) {
        out[o] += value * weights[row + o];
      }
    }
  }
}
