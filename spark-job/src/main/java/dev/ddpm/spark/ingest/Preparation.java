package dev.ddpm.spark.ingest;

import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.RawImage;
import dev.ddpm.image.ResizePolicy;
import java.io.Serializable;
import java.util.Optional;

/**
 * What is done with every image: first its channels, then its size.
 *
 * @param channels which channels it shall have
 * @param resize which size it shall have; null keeps it as it is
 */
record Preparation(ChannelPolicy channels, ResizePolicy resize) implements Serializable {

  Preparation(ChannelPolicy channels, Optional<ResizePolicy> resize) {
    this(channels, resize.orElse(null));
  }

  RawImage apply(RawImage image) {
    RawImage converted = channels.apply(image);
    return resize == null ? converted : resize.apply(converted);
  }
}
