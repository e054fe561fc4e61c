package dev.ddpm.evaluation;

import java.io.Serializable;

/**
 * The variational bound of one image, in bits per dimension.
 *
 * @param id of the image
 * @param decoder L_0
 * @param transitions Σ L_{t−1} over t ≥ 1, or its estimate from some of them
 * @param prior L_T
 */
public record ImageBound(long id, double decoder, double transitions, double prior)
    implements Serializable {

  /** The bound: the sum of its parts. */
  public double bitsPerDim() {
    return decoder + transitions + prior;
  }
}
