/**
 * Models of other systems, in and out: the annotated implementation's and diffusers' folders, and
 * PyTorch's files. A pickle is a program; here it is read as data, by a small machine that knows
 * tensors, containers and numbers, and nothing that a file names is ever loaded or run.
 */
package dev.ddpm.exchange;
