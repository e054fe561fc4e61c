package dev.ddpm.backend.cpu;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.MatrixProduct;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.convolution.ComposedConvolutions;
import dev.ddpm.backend.cpu.memory.CpuTensor;
import dev.ddpm.backend.cpu.onednn.OneDnn;
import dev.ddpm.backend.cpu.onednn.OneDnnConvolution;
import dev.ddpm.backend.cpu.onednn.OneDnnProduct;
import dev.ddpm.backend.cpu.onednn.OneDnnTransposedConvolution;
import dev.ddpm.backend.cpu.winograd.WinogradConvolution;
import dev.ddpm.backend.cpu.winograd.WinogradMemory;
import dev.ddpm.backend.nd4j.NativeConvolution;
import dev.ddpm.backend.nd4j.NativeProduct;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import dev.ddpm.backend.nd4j.Nd4jTensor;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/** See {@link CpuBackend}. */
final class CpuEngine extends Nd4jEngine {
  private final CpuKernels kernels;
  private final Optional<OneDnn> oneDnn;
  private final WinogradMemory winograd = new WinogradMemory();

  CpuEngine(Precision precision, CpuKernels kernels, Optional<OneDnn> oneDnn) {
    super(precision);
    this.kernels = kernels;
    this.oneDnn = oneDnn;
  }

  @Override
  public Nd4jTensor tensor(INDArray array) {
    return CpuTensor.of(array);
  }

  @Override
  public void keepWeights() {
    oneDnn.ifPresent(OneDnn::keepWeights);
    winograd.keepWeights();
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public ConvolutionOp convolution(ConvolutionShape shape, Weight weight) {
    if (suitsWinograd(shape)) {
      return new WinogradConvolution(shape, this, kernels.tileTransforms(), winograd, weight);
    }
    return ComposedConvolutions.of(shape, this, weight)
        .orElseGet(
            () ->
                oneDnn
                    .<ConvolutionOp>map(library -> new OneDnnConvolution(library, shape, weight))
                    .orElseGet(() -> new NativeConvolution(shape, weight)));
  }

  /** Only beside oneDNN, whose products it was measured with, and for factors of float32. */
  private boolean suitsWinograd(ConvolutionShape shape) {
    return oneDnn.isPresent()
        && precision() == Precision.FLOAT32
        && WinogradConvolution.suits(shape, winograd.hasConstantWeights());
  }

  @Override
  public ConvolutionOp transposedConvolution(
      ConvolutionShape transposed, int kernel, Weight weight) {
    return oneDnn
        .<ConvolutionOp>map(
            library ->
                new OneDnnTransposedConvolution(library, kernels, transposed, kernel, weight))
        .orElseGet(() -> ComposedConvolutions.transposed(transposed, kernel, this, weight));
  }

  @Override
  public MatrixProduct product(ProductShape shape) {
    return oneDnn
        .<MatrixProduct>map(library -> new OneDnnProduct(library, shape))
        .orElseGet(() -> new NativeProduct(shape));
  }

  @Override
  public GroupNormOp groupNorm(GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    return kernels.groupNorm(shape, gamma, beta, dropout);
  }
}
