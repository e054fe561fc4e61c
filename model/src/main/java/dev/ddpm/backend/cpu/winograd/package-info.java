/** 3×3 convolutions by Winograd's algorithm, made of transforms of tiles and batched products. */
package dev.ddpm.backend.cpu.winograd;
