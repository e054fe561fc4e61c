/**
 * The portable back end: ND4J's operations on ND4J's arrays, on whatever ND4J computes with; and
 * the faces of those back ends whose tensors lie over ND4J's arrays, which DL4J can share.
 */
package dev.ddpm.backend.nd4j;
