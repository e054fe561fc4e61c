package dev.ddpm.diffusion;

/**
 * Clean images with what was drawn for them, which {@link Noising} makes noised images of: some
 * kilobytes of levels and a handful of numbers each. The arrays belong to the caller, who may
 * change their content between two uses; they may be longer than the batch.
 *
 * @param size number of images, at least 1
 * @param levels uint8 values per image, (height, width, channels)
 * @param ids row ids of the images: they key the noise, together with
 * @param uses the numbers of the use of each image
 * @param mirrored whether an image is mirrored left to right
 * @param timesteps one per image, in 0..T−1
 * @param classes one class per image, or null for images without one
 */
// A view of the caller's arrays: it is never compared.
@SuppressWarnings("ArrayRecordComponent")
public record CleanBatch(
    int size,
    byte[][] levels,
    long[] ids,
    int[] uses,
    boolean[] mirrored,
    int[] timesteps,
    int[] classes) {}
