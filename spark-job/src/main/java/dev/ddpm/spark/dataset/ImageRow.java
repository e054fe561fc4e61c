package dev.ddpm.spark.dataset;

import com.esotericsoftware.kryo.DefaultSerializer;
import dev.ddpm.image.ClassLabels;
import java.io.Serializable;

/**
 * One decoded row of an image table.
 *
 * @param id 0..N−1
 * @param pixels unsigned bytes of shape (height, width, channels), row-major; not to be changed
 * @param label class, or null
 */
// An RDD's element, told apart by its id: the array is never compared.
@SuppressWarnings("ArrayRecordComponent")
@DefaultSerializer(ImageRowSerializer.class)
public record ImageRow(long id, byte[] pixels, Integer label) implements Serializable {

  /** The class; {@link ClassLabels#NO_LABEL} if there is none. */
  public int labelNumber() {
    return label == null ? ClassLabels.NO_LABEL : label;
  }
}
