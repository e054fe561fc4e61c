/**
 * The kernels on the Java Vector API: float32 on the off-heap memory of ND4J's CPU arrays.
 *
 * <p>Only this package touches {@code jdk.incubator.vector}; it is compiled by itself and loaded by
 * name, so that the rest runs on a JVM without the module.
 */
package dev.ddpm.backend.cpu.vector;
