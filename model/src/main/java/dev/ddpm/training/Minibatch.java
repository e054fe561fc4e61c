package dev.ddpm.training;

import dev.ddpm.diffusion.Batch;

/**
 * What one optimiser step sees, if its images are noised in this process. The arrays are reused
 * from step to step and may be longer than the batch.
 *
 * @param batch the noised images, their timesteps, and their classes if the network knows any
 * @param target what the network should put out for them, of the same layout as the images
 * @param weights what the squared errors of each image are multiplied by; null if all count the
 *     same
 * @param imageKeys one key per image and epoch, for what blocks draw
 */
// A view of reused arrays: it is never compared.
@SuppressWarnings("ArrayRecordComponent")
record Minibatch(Batch batch, float[] target, float[] weights, long[] imageKeys) {}
