/** Reads the golden vectors, made by an independent implementation on libtorch. */
package dev.ddpm.golden;
