/**
 * What a network looks like, as data: its {@link dev.ddpm.network.Architecture}, the {@link
 * dev.ddpm.network.NetworkPlan} that follows from it, and where its tensors lie; and what training
 * sees of a network.
 */
package dev.ddpm.network;
