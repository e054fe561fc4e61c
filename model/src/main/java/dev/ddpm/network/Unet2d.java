package dev.ddpm.network;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.block.TimeEncoding;
import java.io.Serializable;
import java.util.List;

/**
 * The architecture of Ho et al. (arXiv 2006.11239) as data, with the options that it has as
 * diffusers' {@code UNet2DModel}.
 *
 * @param imageChannels channels of the image and of the prediction, 1 to 4
 * @param height image height in pixels, a multiple of 2^(levels−1)
 * @param width image width in pixels, a multiple of 2^(levels−1)
 * @param widths channels of each level; the first is even; at most {@value Limits#MOST_LEVELS}
 *     levels
 * @param attention one flag per level: whether its residual blocks are followed by attention over
 *     all positions, on the way down and up
 * @param blocks residual blocks per level on the way down; one more on the way up; 1 to {@value
 *     Limits#MOST_BLOCKS}
 * @param normGroups groups of every GroupNorm; divides every level's width
 * @param normEpsilon ε of every GroupNorm, above 0 and at most 1
 * @param headChannels channels of an attention head, which divide the width of every level that
 *     attends and of the deepest one; 0 for one head
 * @param middle what stands between the way down and the way up
 * @param time how timesteps are encoded, in as many values as the first level has channels
 * @param downsamplePadding pixels that are padded above and left where an image is halved, 0 or 1;
 *     one is padded below and right
 * @param scaleShift whether the time vector scales and shifts what the second normalisation of a
 *     residual block gives, instead of being added before it
 * @param dropout probability of zeroing an activation before a block's second convolution, in [0,
 *     1)
 * @param classes rows of the embedding of classes, which is added to that of the timestep; 0 for a
 *     network without classes
 * @param centerInput whether images are given in [0, 1] and taken as 2x − 1
 */
public record Unet2d(
    int imageChannels,
    int height,
    int width,
    List<Integer> widths,
    List<Boolean> attention,
    int blocks,
    int normGroups,
    double normEpsilon,
    int headChannels,
    Middle middle,
    TimeEncoding time,
    int downsamplePadding,
    boolean scaleShift,
    double dropout,
    int classes,
    boolean centerInput)
    implements Architecture {

  private static final double LARGEST_SCALE = 1e6;

  /**
   * The middle of the network: a residual block, attention, and a residual block.
   *
   * @param attention whether there is attention
   * @param normalises whether the attention normalises its input. With {@code scaleShift}, newer
   *     versions of diffusers leave this out
   * @param scaleFactor what the sum of each of the three with its input is divided by, above 0
   */
  public record Middle(boolean attention, boolean normalises, double scaleFactor)
      implements Serializable {
    /** Ho's. */
    public static final Middle PLAIN = new Middle(true, true, 1);
  }

  /**
   * Checks that such a network exists, and that its sizes can be counted.
   *
   * @throws DdpmException (user) naming the key, its value and what is allowed
   */
  public Unet2d {
    widths = List.copyOf(widths);
    attention = List.copyOf(attention);
    Limits.imageSides(imageChannels, height, width);
    Limits.between("blocks", blocks, 1, Limits.MOST_BLOCKS);
    Limits.between("norm-groups", normGroups, 1, Limits.MOST_CHANNELS);
    Limits.between("head-channels", headChannels, 0, Limits.MOST_CHANNELS);
    Limits.between("downsample-padding", downsamplePadding, 0, 1);
    Limits.classes(classes);
    Limits.imagePixels(height, width);
    Limits.levels("widths", widths, attention);
    Limits.dropout(dropout);
    if (!(normEpsilon > 0 && normEpsilon <= 1)) {
      throw DdpmException.user("norm-epsilon = %s: must be above 0 and at most 1.", normEpsilon);
    }
    if (!(middle.scaleFactor() > 0 && middle.scaleFactor() <= LARGEST_SCALE)) {
      throw DdpmException.user(
          "middle-scale-factor = %s: must be above 0 and at most %.0f.",
          middle.scaleFactor(), LARGEST_SCALE);
    }
    for (int level = 0; level < widths.size(); level++) {
      int channels = widths.get(level);
      Limits.between("widths", channels, 1, Limits.MOST_CHANNELS);
      Limits.normGroups(normGroups, channels, level);
      if (attends(attention, middle, level)) {
        Limits.attended(attention, level, height, width);
        if (headChannels > 0 && channels % headChannels != 0) {
          throw DdpmException.user(
              "head-channels = %d: must divide the %d channels of level %d.",
              headChannels, channels, level);
        }
      }
    }
    Limits.halvings(height, width, widths.size());
    if (widths.get(0) % 2 != 0) {
      throw DdpmException.user(
          "widths = %s: the first must be even, for as many sines of a timestep as cosines.",
          widths);
    }
    int frequencies = widths.get(0) / 2;
    if (time.frequencyShift() < 0 || time.frequencyShift() >= frequencies) {
      throw DdpmException.user(
          "time-frequency-shift = %d: must be at least 0 and below the %d frequencies, half of the"
              + " first of widths.",
          time.frequencyShift(), frequencies);
    }
  }

  /** Whether attention happens at the size of a level, in its blocks or in the middle. */
  private static boolean attends(List<Boolean> attention, Middle middle, int level) {
    return attention.get(level) || (middle.attention() && level == attention.size() - 1);
  }

  /** Number of resolution levels. */
  public int levels() {
    return widths.size();
  }

  /** Width of the time embedding: four times the first level's. */
  public int timeChannels() {
    return 4 * widths.get(0);
  }

  /** Heads of an attention block of so many channels. */
  public int heads(int channels) {
    return headChannels == 0 ? 1 : channels / headChannels;
  }

  @Override
  public ImageShape imageShape() {
    return new ImageShape(height, width, imageChannels);
  }

  @Override
  public NetworkPlan plan() {
    return Unet2dPlan.of(this);
  }

  /** Without dropout. */
  @Override
  public Unet2d forInference() {
    return new Unet2d(
        imageChannels,
        height,
        width,
        widths,
        attention,
        blocks,
        normGroups,
        normEpsilon,
        headChannels,
        middle,
        time,
        downsamplePadding,
        scaleShift,
        /* dropout= */ 0,
        classes,
        centerInput);
  }
}
