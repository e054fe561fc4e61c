package dev.ddpm.bench.gpu;

/**
 * How fast a network was trained and sampled: medians over steps.
 *
 * @param who this project, or the peer and how it ran
 * @param network its name
 * @param batch images of a step
 * @param precision in lower case
 * @param trainImagesPerSecond images of training steps
 * @param sampleImagesPerSecond images of steps of the sampler
 */
public record Speed(
    String who,
    String network,
    int batch,
    String precision,
    double trainImagesPerSecond,
    double sampleImagesPerSecond) {

  /** How this project calls itself. */
  static final String PROJECT = "ddpm";
}
