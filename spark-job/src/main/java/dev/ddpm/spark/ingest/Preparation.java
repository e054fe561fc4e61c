package dev.ddpm.spark.ingest;

import dev.ddpm.image.ChannelPolicy;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.Orientation;
import dev.ddpm.image.RawImage;
import dev.ddpm.image.ResizePolicy;
import java.io.Serializable;
import java.util.Optional;

/**
 * What is done with every image: it is turned, then gets its channels, then its size.
 *
 * @param orientation whether pictures are turned upright
 * @param channels which channels it shall have
 * @param resize which size it shall have; null keeps it as it is
 */
record Preparation(Orientation orientation, ChannelPolicy channels, ResizePolicy resize)
    implements Serializable {

  Preparation(Orientation orientation, ChannelPolicy channels, Optional<ResizePolicy> resize) {
    this(orientation, channels, resize.orElse(null));
  }

  /** Prepares an image that is upright. */
  RawImage apply(RawImage image) {
    RawImage converted = channels.apply(image);
    return resize == null ? converted : resize.apply(converted);
  }

  /**
   * Decodes and prepares a picture.
   *
   * @param encoded the bytes of a picture file
   * @param name what to call it in errors
   * @throws dev.ddpm.DdpmException (data) if it is no picture that can be read; (environment) if
   *     the heap is too small for it
   */
  RawImage decode(byte[] encoded, String name) {
    int side = resize == null ? Integer.MAX_VALUE : Math.max(resize.height(), resize.width());
    return ImageCodec.prepare(encoded, name, orientation, side, this::apply);
  }
}
