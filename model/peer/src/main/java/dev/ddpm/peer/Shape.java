package dev.ddpm.peer;

import java.util.List;

/**
 * Sizes of a labml U-Net. Multipliers are cumulative.
 *
 * @param imageChannels channels of image and noise
 * @param side height and width
 * @param channels width of the first convolution
 * @param multipliers one per level
 * @param attention one flag per level
 * @param blocks residual blocks per level on the way down
 * @param groups groups of the residual blocks' norms
 * @param batch images per step
 */
record Shape(
    int imageChannels,
    int side,
    int channels,
    List<Integer> multipliers,
    List<Boolean> attention,
    int blocks,
    int groups,
    int batch) {

  static Shape of(String name) {
    return switch (name) {
      case "TINY" -> new Shape(1, 16, 16, List.of(1, 2), List.of(false, true), 1, 8, 16);
      case "MNIST" ->
          new Shape(1, 32, 32, List.of(1, 2, 2), List.of(false, false, true), 1, 32, 32);
      case "LABML" ->
          new Shape(3, 32, 64, List.of(1, 2, 2, 4), List.of(false, false, false, true), 2, 32, 16);
      default -> throw new IllegalArgumentException(name + ": must be TINY, MNIST or LABML");
    };
  }
}
