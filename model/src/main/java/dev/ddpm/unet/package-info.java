/**
 * The U-Net ε-model: its architecture as data ({@link dev.ddpm.unet.UNetSpec}) and the network that
 * is built from it.
 */
package dev.ddpm.unet;
