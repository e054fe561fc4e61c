package dev.ddpm.backend;

/**
 * What one network needs of a back end: its memory, and operations that are made once per shape and
 * run often. Takes its own tensors only. Not thread-safe.
 *
 * <p>Whoever has made an engine closes it with its network; its tensors and operations must not be
 * used any more then.
 */
public interface Engine extends AutoCloseable {

  /** What the network computes in. */
  Precision precision();

  /**
   * Promises that no weight changes any more, before the first pass: operations may then keep what
   * they make of weights.
   */
  void keepWeights();

  /**
   * Lets blocks compute once more in the backward pass what they would have to keep for it, from
   * the first pass on: less memory, more time, and the same results to the bit.
   */
  void recompute();

  /** Whether blocks compute once more what their backward pass reads. */
  boolean recomputes();

  /** A new tensor of zeros that the caller owns. */
  Tensor allocate(long... shape);

  /** New keys, 64 bits for every image of a batch. */
  Tensor keys(int batch);

  /**
   * Memory whose content does not outlive one call of a block; blocks of equal shape share it.
   *
   * @param role tells apart tensors that are in use at the same time
   */
  Tensor scratch(String role, long... shape);

  /**
   * Memory for what a block's backward pass reads of its forward pass: the block's own, or, if
   * blocks recompute, memory that all blocks share, of whatever shape, and that the backward pass
   * has to fill again first.
   *
   * @param role tells apart tensors that are in use at the same time
   */
  Tensor kept(String role, long... shape);

  /**
   * The fastest way to do the same work again and again: work that copies nothing between this
   * process and the engine's memory, and that was done once, so that all that it needs is there.
   * What it does in Java may happen once more in this call and never again; its tensors are worked
   * on only when the result is run, in the state in which they are then.
   *
   * @return what does the work; the work itself where there is nothing faster
   */
  default Runnable record(Runnable work) {
    return work;
  }

  /** The operations that need no more than their tensors. */
  Kernels kernels();

  /**
   * A 3×3 convolution, computed in the way that suits its sizes: by a fixed rule, not a
   * measurement, so that every machine with the same instructions computes the same.
   *
   * @param weight (3, 3, in, out)
   */
  ConvolutionOp convolution(ConvolutionShape shape, Weight weight);

  /**
   * A transposed convolution with a padding of 1.
   *
   * @param transposed sizes of the convolution from the result to the input
   * @param kernel height and width of the kernel
   * @param weight (kernel, kernel, out, in)
   */
  ConvolutionOp transposedConvolution(ConvolutionShape transposed, int kernel, Weight weight);

  /** A product of matrices. */
  MatrixProduct product(ProductShape shape);

  /**
   * A group normalisation with what surrounds it.
   *
   * @param gamma (channels)
   * @param beta (channels)
   * @param dropout the mask on its result, or null for none
   */
  GroupNormOp groupNorm(GroupNorm shape, Weight gamma, Weight beta, Dropout dropout);

  /** Gives back what a collector of garbage would not give back in time; twice does no harm. */
  @Override
  default void close() {}
}
