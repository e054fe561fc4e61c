/**
 * The blocks of the U-Net, each with its own backward pass, and their adapter to DL4J's computation
 * graph.
 *
 * <p>A {@link dev.ddpm.network.block.BlockSpec} says what a block is; it is what a stored network
 * contains. {@link dev.ddpm.network.block.BlockVertex} makes any of them a vertex of a graph.
 * Images are (batch, height, width, channels), convolution weights (kernel height, kernel width,
 * in, out), linear weights (in, out). Blocks keep their buffers per batch size: a step allocates
 * nothing after the first.
 */
package dev.ddpm.network.block;
