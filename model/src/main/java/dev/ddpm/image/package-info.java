/**
 * Pictures as bytes: decoding and encoding, conversion of channels and size, contact sheets. Pixels
 * here are unsigned bytes, 0 to 255; data ranges belong to {@link dev.ddpm.diffusion}.
 */
package dev.ddpm.image;
