package dev.ddpm.spark.stored;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.network.Architecture;
import dev.ddpm.spark.cluster.ExecutorPool;
import dev.ddpm.spark.cluster.Networks;
import dev.ddpm.spark.cluster.WireFloats;

/**
 * A network with the weights of a stored model, built wherever it computes. No job of inference
 * knows what kind of network it gets.
 *
 * @param architecture what the network looks like
 * @param weights flat, in the order of the network
 * @param backend what it computes with
 */
public record Pretrained(Architecture architecture, WireFloats weights, BackendChoice backend)
    implements ExecutorPool.Factory<Denoiser> {

  @Override
  public Denoiser create() {
    return Networks.pretrained(
        architecture, weights.values(), backend.backend(), backend.precision());
  }
}
