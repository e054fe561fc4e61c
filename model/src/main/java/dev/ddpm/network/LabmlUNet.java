package dev.ddpm.network;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import java.util.List;

/**
 * The architecture of a labml U-Net ({@code labml_nn/diffusion/ddpm/unet.py}) as data.
 *
 * <p>Channel multipliers are cumulative: level i is {@code channelMultipliers[i]} times as wide as
 * level i−1, so 64 channels with multipliers 1, 2, 2, 4 give the widths 64, 128, 256, 1024.
 *
 * @param imageChannels channels of the image and of the predicted noise, 1 to 4
 * @param height image height in pixels, a multiple of 2^(levels−1)
 * @param width image width in pixels, a multiple of 2^(levels−1)
 * @param channels width of the first convolution, a multiple of 8 (the final norm has 8 groups)
 * @param channelMultipliers one cumulative multiplier per level, each at least 1; at most {@value
 *     #MAXIMUM_LEVELS}
 * @param attention one flag per level: whether its blocks attend over all positions
 * @param blocks residual blocks per level on the way down; one more on the way up; 1 to {@value
 *     #MAXIMUM_BLOCKS}
 * @param normGroups groups of every GroupNorm but the final one; divides every level's width
 * @param attentionHeads heads of every attention block; divides the width of each level that
 *     attends and of the deepest one, which always does
 * @param dropout probability of zeroing an activation before a block's second convolution, in [0,
 *     1)
 */
public record LabmlUNet(
    int imageChannels,
    int height,
    int width,
    int channels,
    List<Integer> channelMultipliers,
    List<Boolean> attention,
    int blocks,
    int normGroups,
    int attentionHeads,
    double dropout)
    implements Architecture {

  /** Groups of the GroupNorm before the last convolution: fixed in the reference. */
  public static final int FINAL_NORM_GROUPS = 8;

  /** ε of every GroupNorm. */
  public static final double NORM_EPSILON = 1e-5;

  /** More halvings than any image allows that can be decoded. */
  private static final int MAXIMUM_LEVELS = 14;

  private static final int MAXIMUM_BLOCKS = 1000;
  private static final int MAXIMUM_IMAGE_CHANNELS = 4;
  private static final int MAXIMUM_WIDTH = 1 << 16;

  /** Attention keeps a value per pair of positions: of 512 × 512 these are 256 GiB per image. */
  private static final int MAXIMUM_ATTENDED = 1 << 18;

  /**
   * Checks that such a network exists, and that its sizes can be counted.
   *
   * @throws DdpmException (user) naming the key, its value and what is allowed
   */
  public LabmlUNet {
    channelMultipliers = List.copyOf(channelMultipliers);
    attention = List.copyOf(attention);
    between("image-channels", imageChannels, 1, MAXIMUM_IMAGE_CHANNELS);
    between("height", height, 1, ImageCodec.MAX_PIXELS);
    between("width", width, 1, ImageCodec.MAX_PIXELS);
    between("channels", channels, FINAL_NORM_GROUPS, MAXIMUM_WIDTH);
    between("blocks", blocks, 1, MAXIMUM_BLOCKS);
    between("norm-groups", normGroups, 1, MAXIMUM_WIDTH);
    between("attention-heads", attentionHeads, 1, MAXIMUM_WIDTH);
    if ((long) height * width > ImageCodec.MAX_PIXELS) {
      throw DdpmException.user(
          "height = %d, width = %d: an image may have at most %d pixels.",
          height, width, ImageCodec.MAX_PIXELS);
    }
    if (channels % FINAL_NORM_GROUPS != 0) {
      throw DdpmException.user(
          "channels = %d: must be a multiple of %d, the group count of the final norm.",
          channels, FINAL_NORM_GROUPS);
    }
    if (channelMultipliers.isEmpty()) {
      throw DdpmException.user("channel-multipliers = []: at least one level is needed.");
    }
    if (channelMultipliers.size() > MAXIMUM_LEVELS) {
      throw DdpmException.user(
          "channel-multipliers has %d levels: at most %d are allowed.",
          channelMultipliers.size(), MAXIMUM_LEVELS);
    }
    if (attention.size() != channelMultipliers.size()) {
      throw DdpmException.user(
          "attention has %d flags, but channel-multipliers = %s has %d levels: one flag per level"
              + " is needed.",
          attention.size(), channelMultipliers, channelMultipliers.size());
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw DdpmException.user("dropout = %s: must be at least 0 and below 1.", dropout);
    }
    int level = 0;
    long levelWidth = channels;
    checkWidth(levelWidth, 0, normGroups);
    for (int multiplier : channelMultipliers) {
      if (multiplier < 1) {
        throw DdpmException.user(
            "channel-multipliers = %s: every multiplier must be at least 1.", channelMultipliers);
      }
      levelWidth *= multiplier;
      if (levelWidth > MAXIMUM_WIDTH) {
        throw DdpmException.user(
            "channel-multipliers = %s: multipliers are cumulative, and level %d would be %d"
                + " channels wide; at most %d are allowed.",
            channelMultipliers, level, levelWidth, MAXIMUM_WIDTH);
      }
      checkWidth(levelWidth, level, normGroups);
      boolean attends = attention.get(level) || level == attention.size() - 1;
      if (attends && levelWidth % attentionHeads != 0) {
        throw DdpmException.user(
            "attention-heads = %d: must divide the %d channels of level %d.",
            attentionHeads, levelWidth, level);
      }
      long positions = (long) (height >> level) * (width >> level);
      if (attends && positions > MAXIMUM_ATTENDED) {
        throw DdpmException.user(
            "attention = %s: level %d would attend over %d positions; at most %d are allowed, so"
                + " more levels or smaller images are needed.",
            attention, level, positions, MAXIMUM_ATTENDED);
      }
      level++;
    }
    int divisor = 1 << (channelMultipliers.size() - 1);
    divisible("height", height, divisor, channelMultipliers.size());
    divisible("width", width, divisor, channelMultipliers.size());
  }

  private static void checkWidth(long width, int level, int normGroups) {
    if (width % normGroups != 0) {
      throw DdpmException.user(
          "norm-groups = %d: must divide the %d channels of level %d.", normGroups, width, level);
    }
  }

  private static void between(String key, int value, long minimum, long maximum) {
    if (value < minimum || value > maximum) {
      throw DdpmException.user(
          "%s = %d: must be at least %d and at most %d.", key, value, minimum, maximum);
    }
  }

  private static void divisible(String key, int value, int divisor, int levels) {
    if (value % divisor != 0) {
      throw DdpmException.user(
          "%s = %d: must be a multiple of %d, because %d levels halve the image %d times.",
          key, value, divisor, levels, levels - 1);
    }
  }

  /** Number of resolution levels. */
  public int levels() {
    return channelMultipliers.size();
  }

  /** Width of a level in channels: the product of {@code channels} and the multipliers up to it. */
  public int levelChannels(int level) {
    int width = channels;
    for (int i = 0; i <= level; i++) {
      width *= channelMultipliers.get(i);
    }
    return width;
  }

  /** Width of the time embedding: four times {@code channels}. */
  public int timeChannels() {
    return 4 * channels;
  }

  @Override
  public ImageShape imageShape() {
    return new ImageShape(height, width, imageChannels);
  }

  @Override
  public NetworkPlan plan() {
    return LabmlPlan.of(this);
  }

  /** Without dropout. */
  @Override
  public LabmlUNet forInference() {
    return new LabmlUNet(
        imageChannels,
        height,
        width,
        channels,
        channelMultipliers,
        attention,
        blocks,
        normGroups,
        attentionHeads,
        0);
  }
}
