/**
 * The diffusion model: its mathematics, its U-Net, its samplers and its files. Nothing here knows
 * of Spark or Hadoop, so that a model can be loaded and sampled in any JVM.
 */
package dev.ddpm;
