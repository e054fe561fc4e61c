/** Tensors in the memory of this process, and where they lie. Right on the CPU alone. */
package dev.ddpm.backend.cpu.memory;
