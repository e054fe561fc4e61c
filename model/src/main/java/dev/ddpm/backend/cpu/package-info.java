/** The back end for CPUs: oneDNN and the Vector API in float32, on the memory of ND4J's arrays. */
package dev.ddpm.backend.cpu;
