package dev.ddpm.backend.cpu.onednn;

import dev.ddpm.backend.ConvolutionOp;
import dev.ddpm.backend.ConvolutionShape;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.memory.CpuTensor;

/** A transposed convolution by oneDNN: the input gradient of the convolution that it transposes. */
public final class OneDnnTransposedConvolution implements ConvolutionOp {
  private final Kernels kernels;
  private final OneDnnConvolution transposed;

  /**
   * A transposed convolution of given sizes.
   *
   * @param transposed sizes of the convolution from the result to the input
   * @param kernel height and width of the kernel, with a padding of 1
   * @param weight (kernel, kernel, out, in)
   */
  public OneDnnTransposedConvolution(
      OneDnn library, Kernels kernels, ConvolutionShape transposed, int kernel, Weight weight) {
    this.kernels = kernels;
    this.transposed = new OneDnnConvolution(library, transposed, kernel, weight);
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor y) {
    transposed.inputGradient((CpuTensor) x, (CpuTensor) y);
    if (bias != null) {
      kernels.addToRows(bias, y);
    }
  }

  @Override
  public void backward(Tensor x, Tensor dy, Tensor dx) {
    transposed.forward((CpuTensor) dy, null, (CpuTensor) dx);
    transposed.weightGradient((CpuTensor) dy, (CpuTensor) x);
  }
}
