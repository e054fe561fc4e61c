/**
 * Benchmarks of the training step and of the sampler step, by themselves and beside other
 * implementations of the same network. Not part of the test suite and not in any jar: {@code
 * model/benchmark.sh} runs them.
 */
package dev.ddpm.bench;
