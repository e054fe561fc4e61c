/** Convolutions made of products and kernels, for the sizes where they beat a library's own. */
package dev.ddpm.backend.convolution;
