package dev.ddpm.backend;

/**
 * One way to compute a 3×3 convolution of given sizes. The bias gradient is not its business: it is
 * a sum over the rows of dy, which other kernels often have already.
 */
public interface ConvolutionOp {

  /**
   * y = x ∗ weight + bias.
   *
   * @param bias (out), or null
   */
  void forward(Tensor x, Tensor bias, Tensor y);

  /** Overwrites {@code dx} and the weight's gradient. */
  void backward(Tensor x, Tensor dy, Tensor dx);
}
