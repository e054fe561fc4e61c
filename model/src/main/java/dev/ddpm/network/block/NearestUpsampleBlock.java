package dev.ddpm.network.block;

import dev.ddpm.backend.ConvolutionOp;
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
      return 2L * 4 * in * out * positions;
    }

    @Override
    public long outputPositions(long inputPositions) {
      return 4 * inputPositions;
    }

    @Override
    public void count(MemoryCount count, long inputPositions) {
      long result = outputPositions(inputPositions) * out;
      count.training().own(result + inputPositions * in);
      count.inference().own(result);
      count.keep(2L * KERNEL * KERNEL * in * out);
      count.training().share("windows", (long) KERNEL * KERNEL * inputPositions * out);
    }

    @Override
    public Block create(Engine engine, BlockParameters parameters) {
      return new NearestUpsampleBlock(this, engine, parameters);
    }
  }

  private static final int KERNEL = 4;
  private static final int STRIDE = 2;

  /** The rows of the 3×3 kernel that each row of the 4×4 one is the sum of; columns likewise. */
  private static final int[][] SUMMED = {{2}, {1, 2}, {0, 1}, {0}};

  private final Spec spec;
  private final Engine engine;
  private final BlockParameters parameters;
  private final Weight sums;
  private final Tensor[] summedWeights;
  private final Tensor[] summedGradients;
  private final Tensor[] weights;
  private final Tensor[] gradients;
  private final Passes<Pass> passes = new Passes<>(Pass::new);
  private Tensor input;

  NearestUpsampleBlock(Spec spec, Engine engine, BlockParameters parameters) {
    this.spec = spec;
    this.engine = engine;
    this.parameters = parameters;
    boolean learns = parameters.gradient("weight") != null;
    this.sums = new Weight(kernel(), learns ? kernel() : null);
    this.summedWeights = taps(sums.values(), KERNEL);
    this.summedGradients = taps(sums.gradient(), KERNEL);
    this.weights = taps(parameters.value("weight"), ConvolutionShape.KERNEL);
    this.gradients = taps(parameters.gradient("weight"), ConvolutionShape.KERNEL);
  }

  private Tensor kernel() {
    return engine.allocate(KERNEL, KERNEL, spec.out(), spec.in());
  }

  private final class Pass {
    final ConvolutionOp convolution;
    final Tensor y;
    final Tensor[] gradients = new Tensor[1];

    Pass(int batch, boolean training) {
      var downwards =
          new ConvolutionShape(
              batch, STRIDE * input.size(1), STRIDE * input.size(2), spec.out(), spec.in(), STRIDE);
      convolution = engine.transposedConvolution(downwards, KERNEL, sums);
      y = engine.allocate(downwards.input());
      if (training) {
        gradients[0] = engine.allocate(input.shape());
      }
    }
  }

  @Override
  public Tensor forward(Tensor[] inputs, boolean training) {
    input = inputs[0];
    Pass pass = passes.of(input.size(0), training);
    Kernels kernels = engine.kernels();
    kernels.clear(sums.values());
    forAllTerms((tap, sum) -> kernels.add(weights[tap], summedWeights[sum]));
    pass.convolution.forward(input, parameters.value("bias"), pass.y);
    return pass.y;
  }

  @Override
  public Tensor[] backward(Tensor dy) {
    Pass pass = passes.last();
    pass.convolution.backward(input, dy, pass.gradients[0]);
    Kernels kernels = engine.kernels();
    kernels.clear(parameters.gradient("weight"));
    forAllTerms((tap, sum) -> kernels.add(summedGradients[sum], gradients[tap]));
    kernels.sumRows(dy, parameters.gradient("bias"));
    return pass.gradients;
  }

  @FunctionalInterface
  private interface Term {
    /** Takes a position of the 3×3 kernel and one of the 4×4 kernel that it is a summand of. */
    void visit(int tap, int sum);
  }

  private static void forAllTerms(Term term) {
    for (int row = 0; row < KERNEL; row++) {
      for (int column = 0; column < KERNEL; column++) {
        for (int down : SUMMED[row]) {
          for (int right : SUMMED[column]) {
            term.visit(down * ConvolutionShape.KERNEL + right, row * KERNEL + column);
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
