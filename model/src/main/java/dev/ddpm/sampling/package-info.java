/**
 * The reverse process: from keyed noise to images, with any model. A {@link
 * dev.ddpm.sampling.Sampler} is the rule of one step, {@link dev.ddpm.sampling.ReverseProcess} runs
 * it from the first step to the last.
 */
package dev.ddpm.sampling;
