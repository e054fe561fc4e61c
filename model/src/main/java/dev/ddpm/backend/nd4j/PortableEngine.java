package dev.ddpm.backend.nd4j;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.convolution.ComposedConvolutions;
import org.nd4j.linalg.api.ndarray.INDArray;

/** See {@link PortableBackend}. */
final class PortableEngine extends Nd4jEngine {
  private final Kernels kernels = new Nd4jKernels();

  PortableEngine(Precision precision) {
    super(precision);
  }

  @Override
  public Nd4jTensor tensor(INDArray array) {
    return Nd4jTensor.of(array);
  }

  @Override
  public void keepWeights() {
    // ND4J's operations keep nothing
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public ConvolutionOp convolution(ConvolutionShape shape, Weight weight) {
    return ComposedConvolutions.of(shape, this, weight)
        .orElseGet(() -> new NativeConvolution(shape, weight));
  }

  @Override
  public ConvolutionOp transposedConvolution(
      ConvolutionShape transposed, int kernel, Weight weight) {
    return ComposedConvolutions.transposed(transposed, kernel, this, weight);
  }

  @Override
  public MatrixProduct product(ProductShape shape) {
    return new NativeProduct(shape);
  }

  @Override
  public GroupNormOp groupNorm(GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    Tensor mean = allocate(shape.batch(), shape.groups());
    Tensor deviation = allocate(shape.batch(), shape.groups());
    return new Nd4jGroupNorm(shape, gamma, beta, dropout, mean, deviation);
  }
}
