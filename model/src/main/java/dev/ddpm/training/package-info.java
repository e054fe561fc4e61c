/**
 * How a network is trained: which image goes into which optimiser step, what is drawn for it, the
 * step itself, and what is averaged over time.
 */
package dev.ddpm.training;
