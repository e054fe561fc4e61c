/**
 * How ε_θ is learned: which image goes into which optimiser step, what is drawn for it, the step
 * itself, and the single-JVM trainer that distributed training is compared with.
 */
package dev.ddpm.training;
