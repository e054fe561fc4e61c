/**
 * The only source of randomness: numbers that are a pure function of a seed and of what they are
 * for, so that retries, other batch sizes and other machines change nothing.
 */
package dev.ddpm.random;
