package dev.ddpm.bench.gpu;

import dev.ddpm.bench.Network;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import java.util.List;

/** The networks that are timed, with batches that fill a card: those of the peer. */
enum Benchmarked {
  TINY(Network.TINY.architecture(), 256),
  MNIST(Network.MNIST.architecture(), 256),
  CIFAR(
      new LabmlUNet(
          3, 32, 32, 128, List.of(1, 2, 1, 1), List.of(false, true, false, false), 2, 32, 1, 0.1),
      128),
  LABML(Network.LABML.architecture(), 128);

  private final Architecture architecture;
  private final int batch;

  Benchmarked(Architecture architecture, int batch) {
    this.architecture = architecture;
    this.batch = batch;
  }

  Architecture architecture() {
    return architecture;
  }

  int batch() {
    return batch;
  }
}
