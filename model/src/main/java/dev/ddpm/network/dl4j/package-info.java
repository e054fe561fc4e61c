/**
 * Networks on Deeplearning4j: the blocks as vertices of a computation graph, the loss layer, the
 * updater and the schedule. Everything that exists because of DL4J is here, and nothing else of
 * this module depends on it.
 */
package dev.ddpm.network.dl4j;
