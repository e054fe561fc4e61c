/**
 * What a network is computed with. A {@link dev.ddpm.backend.Backend} is found at start, the best
 * of those that serve the machine, and makes an {@link dev.ddpm.backend.Engine} for each network:
 * its {@link dev.ddpm.backend.Tensor}s, operations that are bound to their sizes once, and {@link
 * dev.ddpm.backend.Kernels} for the rest.
 *
 * <p>This package has the faces alone, and no library behind them. {@code backend.nd4j} computes
 * with ND4J's operations, everywhere and in every precision; {@code backend.cpu} with oneDNN and
 * the Vector API in float32; {@code backend.cuda} on NVIDIA cards, for those who ask for it. All
 * give the same results within rounding.
 */
package dev.ddpm.backend;
