/**
 * A small network that tells the classes of images apart. It is computed here in plain Java, so
 * that its features are the same on every machine; {@code network.dl4j} trains it.
 */
package dev.ddpm.evaluation.classifier;
