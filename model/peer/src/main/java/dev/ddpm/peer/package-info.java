/**
 * The labml U-Net, its training step and its reverse step on libtorch, eager mode, for comparison.
 */
package dev.ddpm.peer;
