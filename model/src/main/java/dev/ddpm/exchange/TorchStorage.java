package dev.ddpm.exchange;

import dev.ddpm.checkpoint.ElementType;

/**
 * Elements in a PyTorch file, of which tensors are views.
 *
 * @param key names the bytes within the file
 * @param type of the elements
 * @param offset position of the first element within the bytes of that key, in elements
 * @param length number of elements
 */
record TorchStorage(String key, ElementType type, long offset, long length) {}
