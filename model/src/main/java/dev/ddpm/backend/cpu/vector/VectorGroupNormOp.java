package dev.ddpm.backend.cpu.vector;

import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import dev.ddpm.backend.cpu.memory.CpuTensor;

/**
 * What a group normalisation is bound to.
 *
 * @param passes what computes it, shared by all normalisations of as many channels
 * @param shape the sizes
 * @param gamma (channels)
 * @param dGamma its gradient, or null in inference
 * @param beta (channels)
 * @param dBeta its gradient, or null in inference
 * @param dropout the mask on its result, or null
 * @param mean (batch, groups)
 * @param deviation (batch, groups)
 */
record VectorGroupNormOp(
    VectorGroupNorm passes,
    GroupNorm shape,
    CpuTensor gamma,
    CpuTensor dGamma,
    CpuTensor beta,
    CpuTensor dBeta,
    Dropout dropout,
    CpuTensor mean,
    CpuTensor deviation)
    implements GroupNormOp {

  static VectorGroupNormOp of(
      VectorGroupNorm passes, GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    return new VectorGroupNormOp(
        passes,
        shape,
        (CpuTensor) gamma.values(),
        (CpuTensor) gamma.gradient(),
        (CpuTensor) beta.values(),
        (CpuTensor) beta.gradient(),
        dropout,
        CpuTensor.zeros(shape.batch(), shape.groups()),
        CpuTensor.zeros(shape.batch(), shape.groups()));
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor keys, Tensor y) {
    passes.forward(this, (CpuTensor) x, (CpuTensor) bias, (CpuTensor) keys, (CpuTensor) y);
  }

  @Override
  public void backward(
      Tensor x, Tensor bias, Tensor keys, Tensor dy, Tensor added, Tensor dx, Tensor dBias) {
    passes.backward(
        this,
        (CpuTensor) x,
        (CpuTensor) bias,
        (CpuTensor) keys,
        (CpuTensor) dy,
        (CpuTensor) added,
        (CpuTensor) dx,
        (CpuTensor) dBias);
  }
}
