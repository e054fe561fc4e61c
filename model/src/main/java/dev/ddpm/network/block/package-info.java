/**
 * The blocks that networks are made of, each with its own backward pass, written once for all back
 * ends.
 *
 * <p>A {@link dev.ddpm.network.block.BlockSpec} says what a block is; it is what a stored network
 * contains. Images are (batch, height, width, channels), convolution weights (kernel height, kernel
 * width, in, out), linear weights (in, out). Blocks keep their buffers per batch size: a step
 * allocates nothing after the first.
 */
package dev.ddpm.network.block;
