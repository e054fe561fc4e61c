/**
 * The arithmetic that is neither a convolution nor a matrix product: fused group normalisation,
 * activations, softmax, sums and the optimiser step.
 *
 * <p>{@link dev.ddpm.backend.Kernels} has two implementations with the same results: portable ND4J
 * operations for every back end and precision, and Vector API code for float32 on the CPU. {@link
 * dev.ddpm.backend.KernelChoice} picks one at start; {@link dev.ddpm.backend.NativeBackend} picks
 * the native library that ND4J loads.
 */
package dev.ddpm.backend;
