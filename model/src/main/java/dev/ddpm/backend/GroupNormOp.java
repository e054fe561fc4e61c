package dev.ddpm.backend;

/**
 * y = dropout(swish(γ · (x + bias − mean) / √(variance + ε) + β)), mean and biased variance being
 * those of x + bias over a group's positions and channels. Bound to its sizes, γ, β, their
 * gradients and dropout; keeps mean and variance from a forward pass to the backward one.
 */
public interface GroupNormOp {

  /**
   * Computes y.
   *
   * @param x (batch, positions, channels)
   * @param bias (batch, channels), added at every position; or null
   * @param keys one 64-bit key per image; used only with dropout
   * @param y receives the result; must be another tensor than {@code x}
   */
  void forward(Tensor x, Tensor bias, Tensor keys, Tensor y);

  /**
   * Computes the gradients, those of γ and β included, of the last {@link #forward}, whose inputs
   * it is handed again.
   *
   * @param dy (batch, positions, channels), gradient of y
   * @param added (batch, positions, channels), added to {@code dx}, and another tensor; or null
   * @param dx receives the gradient of x; must be another tensor than {@code x} and {@code dy}
   * @param dBias receives the gradient of the bias; null if there is none
   */
  void backward(
      Tensor x, Tensor bias, Tensor keys, Tensor dy, Tensor added, Tensor dx, Tensor dBias);
}
