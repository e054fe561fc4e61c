package dev.ddpm.network.block;

import java.io.Serializable;

/**
 * How a timestep t becomes a vector of sines and cosines: of t·f_i with f_i = exp(−i · ln 10000 /
 * (half − shift)), half of the vector each.
 *
 * @param frequencyShift {@code shift}, at least 0 and below half: 1 in Ho's and labml's networks, 0
 *     by diffusers' default
 * @param cosinesFirst whether the cosines stand before the sines
 */
public record TimeEncoding(int frequencyShift, boolean cosinesFirst) implements Serializable {
  /** Ho's and labml's. */
  public static final TimeEncoding SINES_FIRST = new TimeEncoding(1, false);
}
