package dev.ddpm.spark.config;

/** Which noise DDIM sees in an image whose predicted clean image is thresholded. */
public enum DdimNoise {
  /** What is left of the image: together the two are it again. */
  CONSISTENT,
  /** What the network says, as the diffusers library takes it unless told otherwise. */
  PREDICTED
}
