package dev.ddpm.network.block;

import dev.ddpm.backend.Tensor;

/**
 * A part of the network with its own backward pass. Not thread-safe; the tensors it returns belong
 * to it and are overwritten by its next call with the same batch size.
 */
public interface Block {

  /**
   * Computes the output.
   *
   * @param inputs as the block's {@link BlockSpec} says
   * @param training whether dropout applies and {@link #backward} may follow
   */
  Tensor forward(Tensor[] inputs, boolean training);

  /**
   * Computes the gradients of the last forward pass, which must have been one in training; those of
   * the parameters go where {@link BlockParameters#gradient} says.
   *
   * @param dy gradient of the output
   * @return the gradients of the inputs, null for those that have none; the caller may add to them
   */
  Tensor[] backward(Tensor dy);
}
