package dev.ddpm.network.block;

import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;

/**
 * Moves the heads of attention from beside each other, (batch · positions, heads · width), to below
 * each other, (batch · heads, positions, width), and back. A single head stays where it is.
 */
final class Heads {
  private final Kernels kernels;
  private final int heads;
  private final int[] apart;
  private final int[] together;

  Heads(Kernels kernels, int batch, int positions, int heads) {
    this.kernels = kernels;
    this.heads = heads;
    int rows = heads == 1 ? 0 : batch * positions * heads;
    apart = new int[rows];
    together = new int[rows];
    for (int row = 0; row < rows; row++) {
      int head = row % heads;
      int position = row / heads % positions;
      int image = row / heads / positions;
      int there = (image * heads + head) * positions + position;
      apart[there] = row;
      together[row] = there;
    }
  }

  void split(Tensor beside, Tensor below) {
    if (heads > 1) {
      kernels.gatherRows(rows(beside), apart, rows(below));
    }
  }

  void join(Tensor below, Tensor beside) {
    if (heads > 1) {
      kernels.gatherRows(rows(below), together, rows(beside));
    }
  }

  private Tensor rows(Tensor values) {
    return values.reshape(apart.length, values.length() / apart.length);
  }
}
