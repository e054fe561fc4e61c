package dev.ddpm.backend.cuda;

import static dev.ddpm.backend.cuda.CudaTensor.address;
import static dev.ddpm.backend.cuda.CudaTensor.addressOrNull;

import dev.ddpm.backend.Dropout;
import dev.ddpm.backend.GroupNorm;
import dev.ddpm.backend.GroupNormOp;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.Weight;
import java.util.function.IntConsumer;

/**
 * A group normalisation by the kernels of {@code kernels.cu}: one forward, and two backward, of
 * which the last adds up γ's and β's gradients over the batch. Where there are too few images and
 * groups to fill a card, the positions are shared out over blocks, and each pass takes a kernel
 * more.
 */
final class CudaGroupNorm implements GroupNormOp {
  /** Threads of a block at most. */
  private static final int MOST_THREADS = 512;

  /** Channels of a block at least, if there are so many: what the card reads at once, 32 bytes. */
  private static final int LEAST_CHANNELS = 8;

  /** Channels that a thread takes where their number allows it. */
  private static final int QUAD = 4;

  private static final int WARP = 32;

  /** Blocks that fill a card: two for each processor of the largest. */
  private static final int ENOUGH_BLOCKS = 256;

  /** Values of a part at least: fewer are done before a second kernel has begun. */
  private static final int LEAST_VALUES = 8192;

  /** What of the work a kernel does: see {@code Stage} in {@code kernels.cu}. */
  private static final int ALL = 0;

  private static final int FIRST = 1;
  private static final int SECOND = 2;

  /** Sums per channel that the first of two kernels leaves, at most. */
  private static final int SUMS = 3;

  private final Device device;
  private final GroupNorm shape;
  private final Weight gamma;
  private final Weight beta;
  private final Dropout dropout;
  private final int groupsPerBlock;
  private final int partPositions;
  private final int parts;
  private final int threads;
  private final Tensor mean;
  private final Tensor deviation;

  /** The sums of each part, (batch, parts, sums, channels); null if there is one part. */
  private final Tensor ofParts;

  /** (2, batch, channels), for the backward pass; null until there is one. */
  private Tensor channelSums;

  CudaGroupNorm(Device device, GroupNorm shape, Weight gamma, Weight beta, Dropout dropout) {
    this.device = device;
    this.shape = shape;
    this.gamma = gamma;
    this.beta = beta;
    this.dropout = dropout;
    this.groupsPerBlock = groupsPerBlock(shape);
    int channels = groupsPerBlock * shape.groupChannels();
    int wanted = parts(shape, channels);
    this.partPositions = Launches.divide(shape.positions(), wanted);
    this.parts = Launches.divide(shape.positions(), partPositions);
    int values = Math.multiplyExact(channels, partPositions);
    this.threads = Math.min(MOST_THREADS, Launches.divide(values, WARP) * WARP);
    this.mean = CudaTensor.allocate(device, shape.batch(), shape.groups());
    this.deviation = CudaTensor.allocate(device, shape.batch(), shape.groups());
    this.ofParts =
        parts == 1
            ? null
            : CudaTensor.allocate(device, shape.batch(), parts, SUMS, shape.channels());
  }

  /**
   * Into how many parts positions are cut: a rule of the sizes alone, as the order of sums is.
   *
   * @param channels of a block
   */
  private static int parts(GroupNorm shape, int channels) {
    long blocks = (long) shape.channels() / channels * shape.batch();
    long values = (long) shape.positions() * channels;
    return (int) Math.max(1, Math.min(ENOUGH_BLOCKS / blocks, values / LEAST_VALUES));
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
    inStages(stage -> forward(stage, x, bias, keys, y));
  }

  /** All at once, or first the sums of all parts and then the rest. */
  private void inStages(IntConsumer kernel) {
    if (parts == 1) {
      kernel.accept(ALL);
    } else {
      kernel.accept(FIRST);
      kernel.accept(SECOND);
    }
  }

  private int blocks() {
    return shape.groups() / groupsPerBlock * parts;
  }

  private void forward(int stage, Tensor x, Tensor bias, Tensor keys, Tensor y) {
    device.launch(
        "groupNorm",
        blocks(),
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
        addressOrNull(ofParts),
        stage,
        shape.positions(),
        partPositions,
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
    inStages(stage -> backward(stage, x, bias, keys, dy, added, dx, dBias));
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

  private void backward(
      int stage,
      Tensor x,
      Tensor bias,
      Tensor keys,
      Tensor dy,
      Tensor added,
      Tensor dx,
      Tensor dBias) {
    device.launch(
        "groupNormBackward",
        blocks(),
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
        addressOrNull(ofParts),
        stage,
        shape.positions(),
        partPositions,
        shape.channels(),
        shape.groupChannels(),
        groupsPerBlock,
        shape.swish() ? 1 : 0,
        layer(),
        threshold(),
        scale());
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
