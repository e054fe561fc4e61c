package dev.ddpm.backend;

/**
 * A tensor that is learned.
 *
 * @param values what it holds
 * @param gradient where a backward pass puts its gradient; null in inference
 */
public record Weight(Tensor values, Tensor gradient) {}
