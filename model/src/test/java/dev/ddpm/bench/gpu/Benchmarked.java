package dev.ddpm.bench.gpu;

import dev.ddpm.bench.Network;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import java.util.List;

/** The networks that are timed, with batches that fill a card: those of the peer. */
enum Benchmarked {
  TINY(256),
  MNIST(256),
  CIFAR(128),
  LABML(128);

  private final int batch;

  Benchmarked(int batch) {
    this.batch = batch;
  }

  Architecture architecture() {
    return switch (this) {
      case TINY -> Network.TINY.architecture();
      case MNIST -> Network.MNIST.architecture();
      case CIFAR ->
          new LabmlUNet(
              3,
              32,
              32,
              128,
              List.of(1, 2, 1, 1),
              List.of(false, true, false, false),
              2,
              32,
              1,
              0.1);
      case LABML -> Network.LABML.architecture();
    };
  }

  int batch() {
    return batch;
  }
}
