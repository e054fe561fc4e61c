/**
 * The U-Net ε-model: its architecture as data ({@link dev.ddpm.network.UNetSpec}) and the network
 * that is built from it.
 */
package dev.ddpm.network;
