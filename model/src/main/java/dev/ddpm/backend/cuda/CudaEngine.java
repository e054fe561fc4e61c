package dev.ddpm.backend.cuda;

import dev.ddpm.backend.BlockMemory;
import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/** See {@link CudaBackend}. */
final class CudaEngine implements Engine {
  private final Device device;
  private final Precision precision;
  private final Kernels kernels;
  private final FactorRounding rounding;
  private final Filters filters;
  private final BlockMemory blocks = new BlockMemory(this::allocate);

  /**
   * An engine for a network of one precision.
   *
   * @param device of this network alone
   */
  CudaEngine(Device device, Precision precision) {
    this.device = device;
    this.precision = precision;
    this.kernels = new CudaKernels(device);
    this.rounding = new FactorRounding(device, precision);
    this.filters = new Filters(device, rounding);
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public void keepWeights() {
    filters.keep();
  }

  @Override
  public void recompute() {
    blocks.recompute();
  }

  @Override
  public boolean recomputes() {
    return blocks.recomputes();
  }

  @Override
  public Tensor allocate(long... shape) {
    return CudaTensor.allocate(device, shape);
  }

  @Override
  public Tensor keys(int batch) {
    return CudaTensor.keys(device, batch);
  }

  @Override
  public Tensor scratch(String role, long... shape) {
    return blocks.scratch(role, shape);
  }

  @Override
  public Tensor kept(String role, long... shape) {
    return blocks.kept(role, shape);
  }

  @Override
  public Runnable record(Runnable work) {
    return device.record(work)::replay;
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public ConvolutionOp convolution(ConvolutionShape shape, Weight weight) {
    Tensor padded =
        CudaConvolution.padsAtTheEnd(shape)
            ? scratch("padded", shape.batch(), shape.height() + 1, shape.width() + 1, shape.in())
            : null;
    return new CudaConvolution(
        device, kernels, shape, onCard(CudaConvolution.sizes(shape), weight), padded);
  }

  @Override
  public ConvolutionOp transposedConvolution(
      ConvolutionShape transposed, int kernel, Weight weight) {
    return new CudaTransposedConvolution(
        kernels, onCard(CudaTransposedConvolution.sizes(transposed, kernel), weight));
  }

  private CardConvolution onCard(Device.ConvolutionSizes sizes, Weight weight) {
    return new CardConvolution(device, rounding, filters, sizes, weight);
  }

  @Override
  public MatrixProduct product(ProductShape shape) {
    return new CudaProduct(device, rounding, shape);
  }

  @Override
  public GroupNormOp groupNorm(GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    return new CudaGroupNorm(device, shape, gamma, beta, dropout);
  }

  /** {@inheritDoc} All of the card's memory, code and handles that this network had. */
  @Override
  public void close() {
    device.close();
  }
}
