/** The forward and reverse process of denoising diffusion (Ho et al., arXiv 2006.11239). */
package dev.ddpm.diffusion;
