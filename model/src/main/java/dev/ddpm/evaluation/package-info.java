/**
 * How good a model is, in numbers: the bits per dimension that its variational bound needs for an
 * image (Ho et al., arXiv 2006.11239, equation 5), and distances between sets of images, computed
 * of feature vectors ({@link dev.ddpm.evaluation.extractor}): Fréchet and kernel distance,
 * precision and recall, density and coverage, nearest neighbours.
 */
package dev.ddpm.evaluation;
