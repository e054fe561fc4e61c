/**
 * Whether an NVIDIA card computes what it should, and how fast, on a machine with the card and
 * nothing else. {@code gpu/check.sh} packs it with a Java of its own; neither ND4J nor DL4J is
 * needed there.
 */
package dev.ddpm.bench.gpu;
