package dev.ddpm.backend;

/**
 * The shape of a group normalisation (Wu and He, arXiv 1803.08494) over images in (batch,
 * positions, channels) layout.
 *
 * @param batch number of images
 * @param positions height · width
 * @param channels channels, a multiple of {@code groups}
 * @param groups groups of neighbouring channels that share mean and variance
 * @param epsilon added to the variance
 * @param swish whether x·σ(x) follows the normalisation
 */
public record GroupNorm(
    int batch, int positions, int channels, int groups, double epsilon, boolean swish) {

  /** Channels that share a mean and a variance. */
  public int groupChannels() {
    return channels / groups;
  }

  /** Values per image. */
  public int imageSize() {
    return positions * channels;
  }
}
