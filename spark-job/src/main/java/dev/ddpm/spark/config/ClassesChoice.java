package dev.ddpm.spark.config;

/** Which classes of images a network tells apart. */
public enum ClassesChoice {
  /** None: all images are of one kind. */
  NONE,
  /** Those of the labels of the image table that it is trained on. */
  LABELS
}
