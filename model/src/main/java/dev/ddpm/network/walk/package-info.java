/**
 * Networks as a walk through the blocks of their plan, on any {@link dev.ddpm.backend.Engine} and
 * without Deeplearning4j: for back ends whose tensors are not ND4J's. Where both can compute, they
 * give the same results to the bit.
 */
package dev.ddpm.network.walk;
