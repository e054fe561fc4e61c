package dev.ddpm.backend.cuda;

import static dev.ddpm.backend.cuda.CudaTensor.address;
import static dev.ddpm.backend.cuda.CudaTensor.addressOrNull;

import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;

/**
 * A group normalisation by the kernels of {@code kernels.cu}: one forward, and two backward, of
 * which the second adds up γ's and β's gradients over the batch.
 */
final class CudaGroupNorm implements GroupNormOp {
  /** Threads of a block at most. */
  private static final int MOST_THREADS = 512;

  /** Channels of a block at least, if there are so many: what the card reads at once, 32 bytes. */
  private static final int LEAST_CHANNELS = 8;

  /** Channels that a thread takes where their number allows it. */
  private static final int QUAD = 4;

  private static final int WARP = 32;

  private final Device device;
  private final GroupNorm shape;
  private final Weight gamma;
  private final Weight beta;
  private final Dropout dropout;
  private final int groupsPerBlock;
  private final int threads;
  private final Tensor mean;
  private final Tensor deviation;

  /** (2, batch, channels), for the backward pass; null until there is one. */
  private Tensor channelSums;

  CudaGroupNorm(Device device, GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    this.device = device;
    this.shape = shape;
    this.gamma = gamma;
    this.beta = beta;
    this.dropout = dropout;
    this.groupsPerBlock = groupsPerBlock(shape);
    int values = Math.multiplyExact(groupsPerBlock * shape.groupChannels(), shape.positions());
    this.threads = Math.min(MOST_THREADS, Launches.divide(values, WARP) * WARP);
    this.mean = CudaTensor.allocate(device, shape.batch(), shape.groups());
    this.deviation = CudaTensor.allocate(device, shape.batch(), shape.groups());
  }

  /**
   * As few groups as have the least number of channels, and one that four divides if it divides all
   * channels; a single group if there is no such bunch.
   */
  private static int groupsPerBlock(GroupNorm shape) {
    boolean quads = shape.channels() % QUAD == 0;
    for (int groups = 1; groups <= shape.groups(); groups++) {
      int channels = groups * shape.groupChannels();
      if (shape.groups() % groups == 0
          && channels >= LEAST_CHANNELS
          && channels <= MOST_THREADS
          && !(quads && channels % QUAD != 0)) {
        return groups;
      }
    }
    return 1;
  }

  @Override
  public void forward(Tensor x, Tensor bias, Tensor keys, Tensor y) {
    requireRoom(x, y);
    device.launch(
        "groupNorm",
        shape.groups() / groupsPerBlock,
        shape.batch(),
        threads,
        0,
        address(x),
        addressOrNull(bias),
        address(gamma.values()),
        address(beta.values()),
        dropout == null ? 0L : address(keys),
        address(y),
        address(mean),
        address(deviation),
        shape.positions(),
        shape.channels(),
        shape.groupChannels(),
        groupsPerBlock,
        shape.epsilon(),
        shape.swish() ? 1 : 0,
        layer(),
        threshold(),
        scale());
  }

  @Override
  public void backward(
      Tensor x, Tensor bias, Tensor keys, Tensor dy, Tensor added, Tensor dx, Tensor dBias) {
    requireRoom(x, dy, dx);
    if (channelSums == null) {
      channelSums = CudaTensor.allocate(device, 2, shape.batch(), shape.channels());
    }
    device.launch(
        "groupNormBackward",
        shape.groups() / groupsPerBlock,
        shape.batch(),
        threads,
        0,
        address(x),
        addressOrNull(bias),
        address(gamma.values()),
        address(beta.values()),
        dropout == null ? 0L : address(keys),
        address(mean),
        address(deviation),
        address(dy),
        addressOrNull(added),
        address(dx),
        addressOrNull(dBias),
        address(channelSums),
        shape.positions(),
        shape.channels(),
        shape.groupChannels(),
        groupsPerBlock,
        shape.swish() ? 1 : 0,
        layer(),
        threshold(),
        scale());
    device.launch(
        "groupNormParameters",
        Launches.divide(shape.channels(), WARP),
        2,
        Launches.THREADS,
        0,
        address(channelSums),
        address(gamma.gradient()),
        address(beta.gradient()),
        shape.batch(),
        shape.channels());
  }

  private int layer() {
    return dropout == null ? 0 : dropout.layer();
  }

  private int threshold() {
    return dropout == null ? 0 : dropout.threshold();
  }

  private float scale() {
    return dropout == null ? 1 : dropout.scale();
  }

  /** A thread takes at least one channel of a position; four, where they lie as it needs them. */
  private void requireRoom(Tensor... images) {
    int channels = groupsPerBlock * shape.groupChannels();
    boolean quads = channels % QUAD == 0;
    for (Tensor tensor : images) {
      quads &= address(tensor) % (QUAD * Float.BYTES) == 0;
    }
    if (channels > MOST_THREADS * (quads ? QUAD : 1)) {
      throw new IllegalArgumentException(
          "A card normalises groups of up to %d channels, not %s"
              .formatted(MOST_THREADS * (quads ? QUAD : 1), shape));
    }
  }
}
