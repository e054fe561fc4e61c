package dev.ddpm.spark.sample;

import dev.ddpm.image.RawImage;
import dev.ddpm.spark.cluster.WireFloats;
import java.util.List;
import java.util.Optional;

/**
 * A generated image.
 *
 * @param index its sample index
 * @param image what one sees
 * @param x0 its values before rounding, in the model's data range, if they are kept
 * @param frames what the model saw behind the noise at the kept steps, the first step first
 */
record Sample(long index, RawImage image, Optional<WireFloats> x0, List<Frame> frames) {

  /**
   * A predicted clean image.
   *
   * @param timestep the model's number of the step that predicted it
   * @param image what one sees
   */
  record Frame(int timestep, RawImage image) {}
}
