/**
 * How good a model is, in numbers: the bits per dimension that its variational bound needs for an
 * image (Ho et al., arXiv 2006.11239, equation 5).
 */
package dev.ddpm.evaluation;
