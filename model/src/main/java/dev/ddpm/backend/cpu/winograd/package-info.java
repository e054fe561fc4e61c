/**
 * 3×3 convolutions by Winograd's algorithm, made of transforms of tiles and batched products. For
 * CPUs for which oneDNN has none.
 */
package dev.ddpm.backend.cpu.winograd;
