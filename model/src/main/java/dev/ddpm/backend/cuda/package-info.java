/**
 * NVIDIA cards: cuDNN's convolutions, cuBLAS's products and kernels of this project, which the
 * card's own compiler makes of {@code kernels.cu} at the start.
 */
package dev.ddpm.backend.cuda;
