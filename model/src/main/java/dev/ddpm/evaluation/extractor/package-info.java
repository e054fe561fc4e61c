/**
 * What turns an image into the numbers by which sets of images are compared: {@link
 * dev.ddpm.evaluation.extractor.ExtractorSpec} says which and is stored beside every result, {@link
 * dev.ddpm.evaluation.extractor.FeatureExtractor} computes.
 */
package dev.ddpm.evaluation.extractor;
