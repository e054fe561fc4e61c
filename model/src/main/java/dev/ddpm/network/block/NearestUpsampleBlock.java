package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import java.util.List;

/**
 * Doubles an image by repeating its pixels, followed by a 3×3 convolution.
 *
 * <p>Of the nine pixels that a result is made of several are the same, so the two are one
 * transposed 4×4 convolution of stride 2, with less than half of the products: a kernel row that
 * meets two rows of one pixel is their sum.
 */
public final class NearestUpsampleBlock implements Block {

  /**
   * conv3x3(repeat(x)), the image doubled in height and width.
   *
   * @param in channels of the input
   * @param out channels of the output
   */
  public record Spec(int in, int out) implements BlockSpec {
    @Override
    public List<Parameter> parameters() {
      return Parameter.outputFirstConvolution("", in, out, ConvolutionShape.KERNEL);
    }

    /** Of the transposed convolution that is computed. */
    @Override
    public long flops(long positions) {
      return Doubling.flops(in, out, positions);
    }

    @Override
    public long outputPositions(long inputPositions) {
      return Doubling.outputPositions(inputPositions);
    }

    /** The sums of kernels are kept beside what is made of them. */
    @Override
    public void count(MemoryCount count, long inputPositions) {
      Doubling.count(count, inputPositions, in, out);
      count.keep((long) Doubling.KERNEL * Doubling.KERNEL * in * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new NearestUpsampleBlock(this, engine, parameters);
    }
  }

  /** The rows of the 3×3 kernel that each row of the 4×4 one is the sum of; columns likewise. */
  private static final int[][] SUMMED = {{2}, {1, 2}, {0, 1}, {0}};

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final boolean learns;
  private final Weight sums;
  private final Tensor[] summedWeights;
  private final Tensor[] summedGradients;
  private final Tensor[] weights;
  private final Tensor[] gradients;
  private final Doubling doubling;
  private boolean summed;

  NearestUpsampleBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
    this.learns = parameters.gradient("weight") != null;
    this.sums = new Weight(kernel(), learns ? kernel() : null);
    this.summedWeights = taps(sums.values(), Doubling.KERNEL);
    this.summedGradients = taps(sums.gradient(), Doubling.KERNEL);
    this.weights = taps(parameters.value("weight"), ConvolutionShape.KERNEL);
    this.gradients = taps(parameters.gradient("weight"), ConvolutionShape.KERNEL);
    this.doubling = new Doubling(engine, sums, parameters.weight("bias"), spec.out());
  }

  private Tensor kernel() {
    return engine.allocate(Doubling.KERNEL, Doubling.KERNEL, spec.out(), spec.in());
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    // The weights of a network that does not learn stay as they are.
    if (learns || !summed) {
      sumWeights();
    }
    return doubling.forward(inputs[0], training);
  }

  private void sumWeights() {
    Kernels kernels = engine.kernels();
    kernels.clear(sums.values());
    forAllTerms((tap, sum) -> kernels.add(weights[tap], summedWeights[sum]));
    summed = true;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Tensor[] dx = doubling.backward(dy);
    Kernels kernels = engine.kernels();
    kernels.clear(parameters.gradient("weight"));
    forAllTerms((tap, sum) -> kernels.add(summedGradients[sum], gradients[tap]));
    return dx;
  }

  @FunctionalInterface
  private interface Term {
    /** Takes a position of the 3×3 kernel and one of the 4×4 kernel that it is a summand of. */
    void visit(int tap, int sum);
  }

  private static void forAllTerms(Term term) {
    for (int row = 0; row < Doubling.KERNEL; row++) {
      for (int column = 0; column < Doubling.KERNEL; column++) {
        for (int down : SUMMED[row]) {
          for (int right : SUMMED[column]) {
            term.visit(down * ConvolutionShape.KERNEL + right, row * Doubling.KERNEL + column);
          }
        }
      }
    }
  }

  /** The weights of each position of a kernel; null for none. */
  private Tensor[] taps(Tensor kernel, int size) {
    if (kernel == null) {
      return null;
    }
    long length = (long) spec.out() * spec.in();
    Tensor[] taps = new Tensor[size * size];
    for (int tap = 0; tap < taps.length; tap++) {
      taps[tap] = kernel.slice(tap * length, length);
    }
    return taps;
  }
}
