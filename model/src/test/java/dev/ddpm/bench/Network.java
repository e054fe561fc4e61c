package dev.ddpm.bench;

import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.block.TimeEncoding;
import java.util.List;

/** The networks that are timed, from small-operation overhead to products of large matrices. */
public enum Network {
  /** 150,241 parameters. */
  TINY(16) {
    @Override
    public Architecture architecture() {
      return new LabmlUNet(1, 16, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 1, 0.1);
    }
  },

  /** 2,226,817 parameters. */
  MNIST(32) {
    @Override
    public Architecture architecture() {
      return new LabmlUNet(
          1, 32, 32, 32, List.of(1, 2, 2), List.of(false, false, true), 1, 32, 1, 0.1);
    }
  },

  /** 167,777,987 parameters: the network of the annotated implementation. */
  LABML(16) {
    @Override
    public Architecture architecture() {
      return new LabmlUNet(
          3, 32, 32, 64, List.of(1, 2, 2, 4), List.of(false, false, false, true), 2, 32, 1, 0.1);
    }
  },

  /** 35,746,307 parameters: the network of the paper for CIFAR-10. */
  HO(16) {
    @Override
    public Architecture architecture() {
      return new Unet2d(
          3,
          32,
          32,
          List.of(128, 256, 256, 256),
          List.of(false, true, false, false),
          2,
          32,
          1e-6,
          0,
          Unet2d.Middle.PLAIN,
          TimeEncoding.SINES_FIRST,
          0,
          false,
          0.1,
          0,
          false);
    }
  };

  private final int batch;

  Network(int batch) {
    this.batch = batch;
  }

  int batch() {
    return batch;
  }

  /** What it looks like. */
  public abstract Architecture architecture();
}
