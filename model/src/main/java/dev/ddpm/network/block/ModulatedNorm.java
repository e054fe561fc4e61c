package dev.ddpm.network.block;

import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/**
 * A group normalisation whose result z a vector per image scales and shifts: dropout(swish(z · (1 +
 * scale) + shift)). That is a normalisation with γ · (1 + scale) and β · (1 + scale) + shift, which
 * differ from image to image, so each image has an operation of its own.
 */
final class ModulatedNorm {
  private final Engine engine;
  private final Weight gamma;
  private final Weight beta;
  private final Tensor gammaRows;
  private final Tensor betaRows;
  private final Tensor scale;
  private final Tensor shift;
  private final Tensor effectiveGamma;
  private final Tensor effectiveBeta;
  private final Tensor dEffectiveGamma;
  private final Tensor dEffectiveBeta;
  private final Tensor dScale;
  private final GroupNormOp[] images;

  /**
   * Binds the normalisation to its sizes.
   *
   * @param shape those of the batch
   * @param gamma (channels)
   * @param beta (channels)
   * @param dropout the mask on the result, or null
   */
  ModulatedNorm(Engine engine, GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    this.engine = engine;
    this.gamma = gamma;
    this.beta = beta;
    int batch = shape.batch();
    int channels = shape.channels();
    boolean learns = gamma.gradient() != null;
    gammaRows = engine.allocate(batch, channels);
    betaRows = engine.allocate(batch, channels);
    scale = engine.allocate(batch, channels);
    shift = engine.allocate(batch, channels);
    effectiveGamma = engine.allocate(batch, channels);
    effectiveBeta = engine.allocate(batch, channels);
    dEffectiveGamma = learns ? engine.allocate(batch, channels) : null;
    dEffectiveBeta = learns ? engine.allocate(batch, channels) : null;
    dScale = learns ? engine.allocate(batch, channels) : null;
    GroupNorm one =
        new GroupNorm(
            1, shape.positions(), channels, shape.groups(), shape.epsilon(), shape.swish());
    images = new GroupNormOp[batch];
    for (int image = 0; image < batch; image++) {
      images[image] =
          engine.groupNorm(
              one,
              new Weight(row(effectiveGamma, image), row(dEffectiveGamma, image)),
              new Weight(row(effectiveBeta, image), row(dEffectiveBeta, image)),
              dropout);
    }
  }

  private static Tensor row(Tensor matrix, int number) {
    return matrix == null ? null : matrix.slice((long) number * matrix.columns(), matrix.columns());
  }

  /** One of a batch, as a batch of one. */
  private Tensor image(Tensor batch, int number) {
    if (batch == null) {
      return null;
    }
    long[] shape = batch.shape();
    shape[0] = 1;
    return batch.slice((long) number * (batch.length() / images.length), shape);
  }

  /**
   * Computes the result.
   *
   * @param x images
   * @param bias (batch, channels), added before the normalisation
   * @param modulation (batch, 2 · channels): scale and shift
   * @param keys one dropout key per image
   * @param y receives the result
   */
  void forward(Tensor x, Tensor bias, Tensor modulation, Tensor keys, Tensor y) {
    Kernels kernels = engine.kernels();
    kernels.split(modulation, scale, shift);
    repeat(gamma.values(), gammaRows);
    repeat(beta.values(), betaRows);
    kernels.copy(gammaRows, effectiveGamma);
    kernels.addProduct(gammaRows, scale, effectiveGamma);
    kernels.copy(shift, effectiveBeta);
    kernels.add(betaRows, effectiveBeta);
    kernels.addProduct(betaRows, scale, effectiveBeta);
    for (int i = 0; i < images.length; i++) {
      images[i].forward(image(x, i), image(bias, i), image(keys, i), image(y, i));
    }
  }

  private void repeat(Tensor vector, Tensor rows) {
    engine.kernels().clear(rows);
    engine.kernels().addToRows(vector, rows);
  }

  /** Computes the gradients of the last {@link #forward}, those of γ and β included. */
  void backward(
      Tensor x, Tensor bias, Tensor keys, Tensor dy, Tensor dx, Tensor dBias, Tensor dModulation) {
    Kernels kernels = engine.kernels();
    for (int i = 0; i < images.length; i++) {
      images[i].backward(
          image(x, i),
          image(bias, i),
          image(keys, i),
          image(dy, i),
          null,
          image(dx, i),
          image(dBias, i));
    }
    kernels.clear(dScale);
    kernels.addProduct(gammaRows, dEffectiveGamma, dScale);
    kernels.addProduct(betaRows, dEffectiveBeta, dScale);
    kernels.concatenate(dScale, dEffectiveBeta, dModulation);
    throughScale(dEffectiveGamma, gamma.gradient());
    throughScale(dEffectiveBeta, beta.gradient());
  }

  /** Σ over the images of d · (1 + scale). */
  private void throughScale(Tensor d, Tensor gradient) {
    Kernels kernels = engine.kernels();
    kernels.copy(d, dScale);
    kernels.addProduct(d, scale, dScale);
    kernels.sumRows(dScale, gradient);
  }
}
