package dev.ddpm.spark.train.round;

import java.io.Serializable;

/**
 * The images of one optimiser step, as they lie in the table. The noised images and the noise are
 * drawn by the worker for every step anew.
 *
 * @param uses number of the use of each image, which keys what is drawn for it
 * @param ids row ids
 * @param pixels uint8 values per image, (height, width, channels)
 * @param labels class per image, or {@link dev.ddpm.image.ClassLabels#NO_LABEL}
 */
// An RDD's element, never compared.
@SuppressWarnings("ArrayRecordComponent")
public record ImageBatch(int[] uses, long[] ids, byte[][] pixels, int[] labels)
    implements Serializable {}
