/**
 * NVIDIA's libraries: the driver, cuBLAS, cuDNN and the compiler of kernels, by JavaCPP's bindings
 * to CUDA 13. A build with ND4J's own support for GPUs has bindings of another version, and leaves
 * this package out.
 */
package dev.ddpm.backend.cuda.driver;
